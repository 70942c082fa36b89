/** Roles: what each identity may do, each bound as near to the thing as Google Cloud binds it. Every binding names its reason. */
import type { FunctionRow } from '#shared/define.ts';
import { accountId } from './accounts.ts';
import { text } from './answer.ts';
import { type Bound, binding } from './binding.ts';
import { connects } from './databases.ts';
import { command, emailOf, memberOf, PUSH, pubsubAgent, question, SCHEDULER, secretName } from './names.ts';
import type { DeployOptions } from './options.ts';
import type { Resource } from './resource.ts';
import { apiId } from './services-enabled.ts';
import { tellsGoogle } from './telemetry.ts';

/** https://cloud.google.com/iam/docs/roles-permissions/telemetry */
const GOOGLE_TELEMETRY = [
  ['telemetry.tracesWriter', 'traces'],
  ['monitoring.metricWriter', 'metrics'],
] as const;

/** Those of its own account: documents, topics, blobs, secrets, databases. */
export function rolesOf(row: FunctionRow, options: DeployOptions): Resource[] {
  const { project, database, bucket } = options;
  const who = { who: row.name, of: [row.name], member: memberOf(row.name, options), needs: [accountId(row.name)] };
  const bound: Bound[] = [];
  const collections = Object.entries(row.store);
  const written = collections.filter(([, use]) => use === 'write').map(([name]) => name);
  if (collections.length > 0)
    bound.push({
      ...who,
      role: written.length > 0 ? 'datastore.user' : 'datastore.viewer',
      on: { kind: 'project', name: project },
      condition: onDatabase(project, database),
      needs: [...who.needs, `database/${database}`],
      about:
        written.length > 0
          ? `${row.name} writes ${list(written)}; Firestore's roles are for a whole database, not for a collection`
          : `${row.name} reads ${list(collections.map(([name]) => name))}; Firestore's roles are for a whole database, not for a collection`,
    });
  for (const topic of row.publishes)
    bound.push({
      ...who,
      role: 'pubsub.publisher',
      on: { kind: 'topic', name: topic },
      needs: [...who.needs, `topic/${topic}`],
      about: `${row.name} publishes ${topic}`,
    });
  if (row.blobs !== 'none')
    bound.push({
      ...who,
      role: row.blobs === 'read' ? 'storage.objectViewer' : 'storage.objectUser',
      on: { kind: 'bucket', name: bucket },
      needs: [...who.needs, `bucket/${bucket}`],
      about: `${row.name} ${row.blobs === 'read' ? 'reads' : 'writes, lists and removes'} blobs`,
    });
  if (row.blobs === 'sign')
    bound.push({
      ...who,
      role: 'iam.serviceAccountTokenCreator',
      on: { kind: 'account', name: emailOf(row.name, options) },
      needs: [...who.needs, apiId('iamcredentials')],
      about: `${row.name} signs addresses of blobs as itself: on its own account alone`,
    });
  if (tellsGoogle(row, options.settings))
    for (const [role, what] of GOOGLE_TELEMETRY)
      bound.push({
        ...who,
        role,
        on: { kind: 'project', name: project },
        needs: [...who.needs, apiId('telemetry')],
        about: `${row.name} hands its ${what} to Google, as OTEL_EXPORTER_OTLP_ENDPOINT says`,
      });
  for (const setting of [...row.secrets, ...(options.secrets ?? [])])
    bound.push({
      ...who,
      role: 'secretmanager.secretAccessor',
      on: { kind: 'secret', name: secretName(setting) },
      needs: [...who.needs, `secret/${secretName(setting)}`],
      about: `${row.name} reads ${setting}`,
    });
  return [...bound, ...databaseRoles(row, who, options)].map((one) => binding(one, options));
}

/** What the file of HAWKER_DATABASES implies for a function that connects to databases. */
function databaseRoles(
  row: FunctionRow,
  who: Pick<Bound, 'who' | 'of' | 'member' | 'needs'>,
  { databases }: DeployOptions,
): Bound[] {
  if (!databases || !connects(row)) return [];
  const { secrets, variables, instances, firestore } = databases;
  return [
    ...secrets.map(
      ({ project, name }): Bound => ({
        ...who,
        role: 'secretmanager.secretAccessor',
        on: { kind: 'secret', name, project },
        about: `${row.name} reads where a database is, or its password`,
      }),
    ),
    ...variables.map(
      (name): Bound => ({
        ...who,
        role: 'secretmanager.secretAccessor',
        on: { kind: 'secret', name: secretName(name) },
        needs: [...who.needs, `secret/${secretName(name)}`],
        about: `${row.name} reads ${name}, where a database is`,
      }),
    ),
    ...instances.flatMap(({ project, instance, iam }) =>
      (iam ? (['cloudsql.client', 'cloudsql.instanceUser'] as const) : (['cloudsql.client'] as const)).map(
        (role): Bound => ({
          ...who,
          role,
          on: { kind: 'project', name: project },
          suffix: instance,
          condition: {
            title: `hawker-${instance}`,
            expression: `resource.name == "projects/${project}/instances/${instance}" && resource.service == "sqladmin.googleapis.com"`,
          },
          needs: [...who.needs, apiId('sqladmin')],
          about:
            role === 'cloudsql.client'
              ? `${row.name} connects to the instance ${instance}`
              : `${row.name} logs in to the instance ${instance} as its own account`,
        }),
      ),
    ),
    ...firestore.map(
      ({ project, database }): Bound => ({
        ...who,
        role: 'datastore.user',
        on: { kind: 'project', name: project },
        suffix: `${project}.${database}`,
        condition: onDatabase(project, database),
        about: `${row.name} migrates the Firestore database ${database} of ${project}`,
      }),
    ),
  ];
}

/** Who may call it. */
export function invokers(row: FunctionRow, options: DeployOptions): Resource[] {
  const on = { kind: 'service', name: row.name } as const;
  const needs = [`service/${row.name}`];
  const role = 'run.invoker';
  const by = { push: PUSH, scheduler: SCHEDULER } as const;
  if (row.callers === 'push' || row.callers === 'scheduler') {
    const who = by[row.callers];
    const about = `${who === PUSH ? "Pub/Sub's pushes" : 'Cloud Scheduler'} may call ${row.name}; nobody else gets past IAM`;
    return [
      binding(
        { who, of: [row.name], member: memberOf(who, options), role, on, needs: [...needs, accountId(who)], about },
        options,
      ),
    ];
  }
  const about =
    row.callers === 'anyone'
      ? `Everybody may call ${row.name}, as its row says`
      : `${row.name} asks for an admin key or a Google identity itself, which IAM knows nothing of: so IAM lets everybody through to it`;
  return [opened(row.name, needs, about, options)];
}

/** Without a binding of `allUsers`, which the policies of most organisations forbid: https://cloud.google.com/run/docs/authenticating/public */
function opened(name: string, needs: readonly string[], about: string, options: DeployOptions): Resource {
  const region = { region: options.region };
  const asking = (flag: string) => command(options, ['run', 'services', 'update', name], { ...region, [flag]: true });
  const disabled = ['metadata', 'annotations', 'run.googleapis.com/invoker-iam-disabled'];
  return {
    id: `role/everyone/run.invoker/${name}`,
    kind: 'role',
    of: [name],
    ...{ about, needs },
    describe: question(options, ['run', 'services', 'describe', name], region),
    wanted: null,
    read: (answer) => (/^true$/i.test(text(answer, ...disabled)) ? null : undefined),
    create: [asking('no-invoker-iam-check')],
    remove: [asking('invoker-iam-check')],
  };
}

/** What Pub/Sub itself needs to push and to move dead letters: https://cloud.google.com/pubsub/docs/dead-letter-topics#grant_forwarding_permissions */
export function pubsubAgentRoles(rows: readonly FunctionRow[], options: DeployOptions): Resource[] {
  const member = pubsubAgent(options);
  const messages = rows.filter(({ trigger }) => trigger.type === 'message').map(({ name }) => name);
  if (messages.length === 0) return [];
  const token = binding(
    {
      ...{ who: 'pubsub-agent', of: messages, member, role: 'iam.serviceAccountTokenCreator' },
      on: { kind: 'account', name: emailOf(PUSH, options) },
      needs: [accountId(PUSH), apiId('pubsub')],
      about: 'Pub/Sub signs its pushes as the push identity; projects made before April 2021 need it said',
    },
    options,
  );
  // In a new project the agent is not there before it is asked for.
  const identity = command(options, ['beta', 'services', 'identity', 'create'], { service: 'pubsub.googleapis.com' });
  return [
    { ...token, create: [identity, ...token.create] },
    ...messages.flatMap((name) => {
      const shared = { who: 'pubsub-agent', of: [name], member };
      return [
        binding(
          {
            ...{ ...shared, role: 'pubsub.publisher', on: { kind: 'topic', name: `${name}-dead` } },
            needs: [`topic/${name}-dead`, token.id],
            about: `Pub/Sub puts dead letters of ${name} where they are kept`,
          },
          options,
        ),
        binding(
          {
            ...{ ...shared, role: 'pubsub.subscriber', on: { kind: 'subscription', name } },
            needs: [`subscription/${name}`, token.id],
            about: `Pub/Sub takes what became a dead letter out of ${name}`,
          },
          options,
        ),
      ];
    }),
  ];
}

function onDatabase(project: string, database: string) {
  return {
    title: `hawker-${database.replace(/[^a-z0-9-]/g, '')}`,
    expression: `resource.name == "projects/${project}/databases/${database}"`,
  };
}

const list = (names: readonly string[]) => new Intl.ListFormat('en-GB').format(names);
