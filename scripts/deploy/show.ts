/** Plans and what was found, for people: grouped, a line for each thing; `--commands` says how. */
import { say } from '../command/print.ts';
import { shown } from './gcloud.ts';
import type { Seen } from './look.ts';
import type { DeployOptions } from './options.ts';
import { UNKNOWN_NUMBER } from './read-options.ts';
import type { Resource } from './resource.ts';

/** Headings in the order in which a reviewer asks, with the kinds below each. */
const GROUPS: readonly { title: string; kinds: readonly string[] }[] = [
  { title: 'Functions', kinds: ['service', 'job'] },
  {
    title: 'Reached by',
    kinds: [
      'domain',
      'address',
      'forwarding',
      'proxy',
      'certificate',
      'url-map',
      'backend',
      'backend-group',
      'endpoints',
    ],
  },
  { title: 'Identities', kinds: ['account'] },
  { title: 'Rights', kinds: ['role'] },
  { title: 'Events', kinds: ['topic', 'subscription'] },
  { title: 'Schedules', kinds: ['schedule'] },
  { title: 'Secrets', kinds: ['secret', 'secret-value'] },
  { title: 'Data', kinds: ['database', 'ttl', 'indexes', 'bucket'] },
  { title: 'Image', kinds: ['repository', 'image'] },
  { title: 'APIs', kinds: ['api'] },
];

/** Kinds of which a line for all says as much: the number, the reason, and their names. */
const TOGETHER: Readonly<Record<string, string>> = {
  api: 'switched on, and left on',
  indexes: 'collections without indexes on fields: documents are found by id alone',
  ttl: 'collections whose documents go within a day after their expireAt, US$0.02 for 100,000',
  account: 'service accounts, one for each function and one for each kind of caller; none has a key',
};

export function showPlan(resources: readonly Resource[], options: DeployOptions, commands: boolean): void {
  const { project, region, projectNumber } = options;
  say(
    `${resources.length} things in ${project}, ${region}${options.only.length > 0 ? `, for ${options.only.join(', ')}` : ''}`,
  );
  if (projectNumber === UNKNOWN_NUMBER)
    say(
      `Nothing was asked of Google: ${UNKNOWN_NUMBER} stands for the project's number, and --check tells what is there already.`,
    );
  for (const { title, kinds } of GROUPS) {
    const group = resources.filter(({ kind }) => kinds.includes(kind));
    if (group.length === 0) continue;
    process.stdout.write(`\n${title}\n`);
    for (const kind of kinds)
      showKind(
        kind,
        group.filter((resource) => resource.kind === kind),
        commands,
      );
  }
  process.stdout.write('\nCosts when nobody comes\n');
  for (const line of idleCosts(resources)) process.stdout.write(`  ${line}\n`);
}

/** US$ a month, of a billing account that pays for nothing else; prices of July 2026 (https://cloud.google.com/pricing/list). */
function idleCosts(resources: readonly Resource[]): string[] {
  const count = (kind: string) => resources.filter((resource) => resource.kind === kind).length;
  const instances = resources.reduce(
    (sum, { cost }) => sum + Number(/about US\$(\d+) a month$/.exec(cost ?? '')?.[1] ?? 0),
    0,
  );
  const [schedules, values] = [count('schedule'), count('secret-value')];
  const balancer = count('forwarding') > 0 ? 18 : 0;
  const parts = [
    [`${schedules} schedules, of which three are free`, 0.1 * Math.max(0, schedules - 3)],
    [`${values} secret versions, of which six are free`, 0.06 * Math.max(0, values - 6)],
    ['instances that wait', instances],
    ['the load balancer', balancer],
  ] as const;
  const total = parts.reduce((sum, [, cost]) => sum + cost, 0);
  return [
    ...parts.filter(([, cost]) => cost > 0).map(([what, cost]) => `US$${cost.toFixed(2)} a month: ${what}`),
    'US$0.10 a month per GiB of images beyond the first half, US$0.02 per GiB of blobs; all else 0 while idle',
    `about US$${total.toFixed(2)} a month in all, where the calls of the schedules stay within what Cloud Run and Firestore give for free`,
  ];
}

function showKind(kind: string, resources: readonly Resource[], commands: boolean): void {
  const together = TOGETHER[kind];
  if (together && !commands) {
    const names = resources.map(({ id }) => id.slice(kind.length + 1).replace(/\.googleapis\.com$/, ''));
    if (names.length > 0)
      process.stdout.write(`  ${names.length} ${kind === 'api' ? 'APIs ' : ''}${together}: ${names.join(', ')}\n`);
    return;
  }
  for (const { id, about, cost, create } of resources) {
    process.stdout.write(`  ${id}: ${about}${cost === undefined || /^0/.test(cost) ? '' : ` (${cost})`}\n`);
    if (commands) for (const command of create) process.stdout.write(`    ${shown(command)}\n`);
  }
}

/** A plan for programs: what is wanted, and the commands. No secret is in it. */
export function jsonOf(resources: readonly Resource[], seen?: readonly Seen[]): object[] {
  const states = new Map(seen?.map(({ resource, ...rest }) => [resource.id, rest]));
  return resources.map(({ id, kind, about, of, needs, describe, wanted, create, update, remove, keeps, cost }) => ({
    ...{ id, kind, about, of, needs, wanted },
    describe: shown(describe),
    create: create.map(shown),
    update: update?.map(shown),
    remove: remove?.map(shown),
    ...{ keeps, cost },
    ...states.get(id),
  }));
}

/** What is not as the plan wants it. */
export function showDrift(seen: readonly Seen[]): void {
  for (const { resource, state, differences } of seen) {
    if (state === 'same') continue;
    say(`${state === 'absent' ? 'not there' : 'differs'}: ${resource.id}: ${resource.about}`);
    for (const { path, wanted, found } of differences)
      say(`  ${path || 'it'} is ${JSON.stringify(found)}, wanted ${JSON.stringify(wanted)}`);
    if (state === 'differs' && !resource.update)
      process.stdout.write('  it cannot be changed; remove it by hand and apply\n');
  }
}
