/** Service accounts: one for each function, one for pushes, one for schedules, one for Cloud Build. No two functions share one. */
import type { FunctionRow } from '#shared/define.ts';
import { text } from './answer.ts';
import { accountName, BUILD, command, emailOf, PUSH, question, SCHEDULER } from './names.ts';
import type { DeployOptions } from './options.ts';
import type { Resource } from './resource.ts';
import { apiId } from './services-enabled.ts';

export const accountId = (name: string) => `account/${accountName(name)}`;

export function accounts(rows: readonly FunctionRow[], options: DeployOptions): Resource[] {
  const account = (name: string, of: readonly string[], about: string): Resource => {
    const title = { 'display-name': `Hawker: ${name}` };
    const email = emailOf(name, options);
    return {
      id: accountId(name),
      kind: 'account',
      about,
      of,
      needs: [apiId('iam')],
      describe: question(options, ['iam', 'service-accounts', 'describe', email]),
      wanted: { displayName: title['display-name'], disabled: false },
      read: (answer) => ({ displayName: text(answer, 'displayName'), disabled: text(answer, 'disabled') === 'true' }),
      create: [command(options, ['iam', 'service-accounts', 'create', accountName(name)], title)],
      update: [
        command(options, ['iam', 'service-accounts', 'update', email], title),
        command(options, ['iam', 'service-accounts', 'enable', email]),
      ],
      remove: [command(options, ['iam', 'service-accounts', 'delete', email])],
    };
  };
  const called = (type: FunctionRow['trigger']['type']) =>
    rows.filter(({ trigger }) => trigger.type === type).map(({ name }) => name);
  return [
    ...rows.map(({ name }) => account(name, [name], `Who ${name} is; it may do what its row says and nothing else`)),
    ...(called('message').length > 0
      ? [account(PUSH, called('message'), 'Who pushes of Pub/Sub come from; it may call message functions alone')]
      : []),
    ...(called('schedule').length > 0
      ? [account(SCHEDULER, called('schedule'), 'Who Cloud Scheduler calls as; it may call schedule functions alone')]
      : []),
    account(BUILD, [], 'Who Cloud Build works as; it may build the image and bring out revisions'),
  ];
}
