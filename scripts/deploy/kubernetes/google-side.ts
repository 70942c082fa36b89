/** What a cluster's functions need of Google Cloud beside the plan, as commands for whoever applies the manifests: they stand as comments at their head. */
import { type FunctionRow, isScheduled } from '#shared/define.ts';
import { deadName } from '#shared/queue/pubsub-dead-letters.ts';
import { command, emailOf } from '../names.ts';
import type { Command } from '../resource.ts';
import type { Asked } from './asked.ts';
import { accountOf } from './pod.ts';

const POOL = 'svc.id.goog';

export function googleSide(rows: readonly FunctionRow[], asked: Asked): Command[] {
  const { project, namespace, databases, region } = asked;
  const migrates = databases && rows.some(({ name }) => name === 'migration-runs');
  const identities = [
    ...rows.map(({ name }) => ({ name, account: accountOf(name) })),
    ...(migrates ? [{ name: 'migration-runs', account: accountOf('migrate') }] : []),
  ];
  const pulling = rows.filter(({ trigger }) => trigger.type === 'message');
  return [
    // The pod's account in the cluster may act as the function's at Google.
    ...identities.map(({ name, account }) =>
      command(asked, ['iam', 'service-accounts', 'add-iam-policy-binding', emailOf(name, asked)], {
        member: `serviceAccount:${project}.${POOL}[${namespace}/${account}]`,
        role: 'roles/iam.workloadIdentityUser',
      }),
    ),
    // Events wait to be fetched, and are not pushed to a service any more.
    ...pulling.flatMap(({ name }) => [
      command(asked, ['pubsub', 'subscriptions', 'modify-push-config', name], { 'push-endpoint': '' }),
      command(asked, ['pubsub', 'subscriptions', 'add-iam-policy-binding', name], {
        member: `serviceAccount:${emailOf(name, asked)}`,
        role: 'roles/pubsub.subscriber',
      }),
      // Whoever fetches knows why an event becomes a dead letter, and writes it there with the reason.
      command(asked, ['pubsub', 'topics', 'add-iam-policy-binding', deadName(name)], {
        member: `serviceAccount:${emailOf(name, asked)}`,
        role: 'roles/pubsub.publisher',
      }),
    ]),
    // Else each would fire here and there, and the leases here are not those there.
    ...rows
      .filter(isScheduled)
      .map(({ name }) => command(asked, ['scheduler', 'jobs', 'pause', name], { location: region })),
  ];
}
