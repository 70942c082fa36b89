/**
 * Stands for gcloud in tests: keeps what was made in a JSON file, FAKE_GCLOUD_STATE, and refuses what Google would refuse: things of an API that is switched off,
 * what is there already or is not, a subscription without its topic, a service whose account, image or secret version is missing, a role for nobody.
 */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { pairsOf, SHAPES, type Thing } from './fake-things.ts';
import type { Ran } from './gcloud.ts';
import type { Json } from './resource.ts';

interface Binding {
  role: string;
  members: string[];
  condition?: { expression: string };
}

export interface FakeState {
  /** By `<words before the verb>/<name>`. */
  things: Record<string, Thing>;
  policies: Record<string, Binding[]>;
  /** Commands that changed something, in order. */
  changes: string[];
}

export const emptyState = (): FakeState => ({ things: {}, policies: {}, changes: [] });

/** What is said no to; the message is gcloud's last line. */
class Refusal extends Error {
  override readonly name = 'Refusal';
}

const notFound = (what: string) => new Refusal(`NOT_FOUND: Resource '${what}' was not found`);

/** Carries out one command on `state`. `input`: what came on standard input. */
export function fakeGcloud(state: FakeState, args: readonly string[], input = ''): Ran {
  const words = args.filter((arg) => !arg.startsWith('--'));
  const flags = Object.fromEntries(
    args
      .filter((arg) => arg.startsWith('--'))
      .map((arg) => {
        const [, name = '', value = ''] = /^--([\w-]+)=?([\s\S]*)$/.exec(arg) ?? [];
        return [name, value];
      }),
  );
  try {
    const answer = carryOut(state, words, flags, input);
    if (answer === undefined) state.changes.push(args.join(' '));
    return { code: 0, stdout: answer === undefined ? '' : JSON.stringify(answer), stderr: '' };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { code: 1, stdout: '', stderr: `ERROR: (gcloud.${words.slice(0, 3).join('.')}) ${error.message}\n` };
  }
}

type Flags = Record<string, string>;

/** An answer, or undefined where something was changed. */
function carryOut(state: FakeState, words: readonly string[], flags: Flags, input: string): Json | undefined {
  const { things } = state;
  const line = words.join(' ');
  const [, noun = '', verb = '', name = ''] =
    /^(.*?) (describe|list|create|update|delete|enable|deploy|submit|get-iam-policy|add-iam-policy-binding|remove-iam-policy-binding|add-backend|remove-backend|rm|add)(?: http)?(?: (.*))?$/.exec(
      line,
    ) ?? [];
  if (line.startsWith('projects describe')) return { projectId: name, projectNumber: '123456789012' };
  if (line === 'services list') return entries(state, 'services').map(([api]) => ({ config: { name: api } }));
  if (noun === 'services' && verb === 'enable') return keep(things, `services/${name}`, { name });
  if (noun === 'beta services identity') {
    enabled(state, 'pubsub');
    return keep(things, 'agent/pubsub', {});
  }
  if (noun === 'builds') return build(state, flags);
  if (noun === 'secrets versions') return versions(state, verb, name, input);
  if (line.startsWith('firestore indexes fields') || line.startsWith('firestore fields ttls'))
    return fields(state, line, flags);
  if (verb.endsWith('-iam-policy') || verb.endsWith('-iam-policy-binding'))
    return policy(state, noun, verb, name, flags);
  if (noun === 'storage' && verb === 'rm') return remove(state, 'storage buckets', name);
  const kind = noun === 'run' && verb === 'deploy' ? 'run services' : noun;
  const spec = SHAPES[kind];
  if (!spec) throw new Refusal(`the fake knows nothing of ${line}`);
  enabled(state, spec.api);
  const own =
    kind === 'iam service-accounts' && verb === 'create' ? `${name}@${flags['project']}.iam.gserviceaccount.com` : name;
  const called = own || flags['database'] || flags['domain'] || '';
  const id = `${kind}/${called}`;
  const found = things[id];
  if (verb === 'describe') {
    if (!found) throw notFound(called);
    return found;
  }
  if (verb === 'create' && found) throw new Refusal(`ALREADY_EXISTS: Resource '${called}' already exists`);
  if (verb !== 'create' && verb !== 'deploy' && !found) throw notFound(called);
  if (verb === 'delete') return remove(state, kind, called);
  if (verb === 'enable') return keep(things, id, { ...found, disabled: false });
  if (verb === 'add-backend')
    return keep(things, id, { ...found, backends: [{ group: `zones/${flags['network-endpoint-group']}` }] });
  if (verb === 'remove-backend') return keep(things, id, { ...found, backends: [] });
  checkNeeds(state, kind, flags);
  return keep(things, id, spec.shape(called, flags, found ?? {}));
}

const keep = (things: FakeState['things'], id: string, thing: Thing): undefined => {
  things[id] = thing;
};

const entries = ({ things }: FakeState, kind: string) =>
  Object.entries(things).flatMap(([id, thing]) =>
    id.startsWith(`${kind}/`) ? [[id.slice(kind.length + 1), thing] as const] : [],
  );

function enabled({ things }: FakeState, api: string): void {
  if (!things[`services/${api}.googleapis.com`])
    throw new Refusal(
      `PERMISSION_DENIED: ${api}.googleapis.com API has not been used in project p before or it is disabled. reason: SERVICE_DISABLED`,
    );
}

function remove(state: FakeState, kind: string, name: string): undefined {
  const { things, policies } = state;
  const id = `${kind}/${name}`;
  const found = things[id];
  if (!found) throw notFound(name);
  if (found['deleteProtectionState'] === 'DELETE_PROTECTION_ENABLED')
    throw new Refusal('FAILED_PRECONDITION: the database is protected');
  delete things[id];
  delete policies[id];
  if (kind === 'firestore databases')
    for (const field of Object.keys(things)) if (field.startsWith('field/')) delete things[field];
  if (kind === 'artifacts repositories')
    for (const image of Object.keys(things)) if (image.startsWith('artifacts docker images/')) delete things[image];
  if (kind === 'secrets') delete things[`versions/${name}`];
}

/** Things that the flags name must be there. */
function checkNeeds({ things }: FakeState, kind: string, flags: Flags): void {
  const need = (id: string) => {
    if (!things[id]) throw new Refusal(`INVALID_ARGUMENT: ${id} is needed and not there`);
  };
  if (flags['topic']) need(`pubsub topics/${flags['topic']}`);
  if (flags['dead-letter-topic']) need(`pubsub topics/${flags['dead-letter-topic']}`);
  for (const flag of ['service-account', 'push-auth-service-account', 'oidc-service-account-email'])
    if (flags[flag]) need(`iam service-accounts/${flags[flag]}`);
  if (flags['image']) need(`artifacts docker images/${flags['image']}`);
  for (const secret of Object.values(pairsOf(flags['set-secrets']))) need(`versions/${secret.split(':')[0]}`);
  if (kind.startsWith('compute')) {
    if (flags['cloud-run-service']) need(`run services/${flags['cloud-run-service']}`);
    if (flags['default-service']) need(`compute backend-services/${flags['default-service']}`);
    if (flags['ssl-certificates']) need(`compute ssl-certificates/${flags['ssl-certificates']}`);
    if (flags['address']) need(`compute addresses/${flags['address']}`);
  }
}

function build(state: FakeState, flags: Flags): undefined {
  enabled(state, 'cloudbuild');
  const image = flags['tag'] ?? '';
  const repository = image.split('/').at(-2) ?? '';
  if (!state.things[`artifacts repositories/${repository}`]) throw notFound(repository);
  state.things[`artifacts docker images/${image}`] = { name: image };
}

function versions({ things }: FakeState, verb: string, name: string, input: string): Json | undefined {
  if (!things[`secrets/${name}`]) throw notFound(name);
  if (verb === 'list') return things[`versions/${name}`] ? [{ name: '1', state: 'ENABLED' }] : [];
  if (input === '') throw new Refusal('INVALID_ARGUMENT: the payload is empty');
  // A secret's value is in no file: its length will do.
  things[`versions/${name}`] = { length: input.length };
  return undefined;
}

function fields(state: FakeState, line: string, flags: Flags): Json | undefined {
  const { things } = state;
  const root = `projects/${flags['project']}/databases/${flags['database']}`;
  enabled(state, 'firestore');
  if (!things[`firestore databases/${flags['database']}`]) throw notFound(root);
  const ttl = line.startsWith('firestore fields ttls');
  if (line.endsWith(' list'))
    return entries(state, 'field').flatMap(([, field]) =>
      (ttl ? 'ttlConfig' : 'indexConfig') in field ? [field] : [],
    );
  const name = `${root}/collectionGroups/${flags['collection-group']}/fields/${line.split(' ').at(-1)}`;
  things[`field/${name}`] = {
    ...things[`field/${name}`],
    name,
    ...(ttl ? { ttlConfig: { state: 'CREATING' } } : { indexConfig: {} }),
  };
  return undefined;
}

function policy(state: FakeState, kind: string, verb: string, name: string, flags: Flags): Json | undefined {
  const { things, policies } = state;
  const called = name.startsWith('gs://') || kind !== 'storage buckets' ? name : `gs://${name}`;
  const id = `${kind}/${called}`;
  if (kind !== 'projects' && !things[id]) throw notFound(name);
  const bindings = policies[id] ?? [];
  if (verb === 'get-iam-policy') return { bindings: bindings as unknown as Json };
  const { role = '', member = '', condition: given = 'None' } = flags;
  const [, email] = /^serviceAccount:(.*)$/.exec(member) ?? [];
  const agent = email?.includes('@gcp-sa-pubsub');
  if (verb.startsWith('add') && email && !(agent ? things['agent/pubsub'] : things[`iam service-accounts/${email}`]))
    throw new Refusal(`INVALID_ARGUMENT: Service account ${email} does not exist.`);
  const expression = given === 'None' ? undefined : (/expression=(.*),title=/.exec(given)?.[1] ?? '');
  const same = (one: Binding) => one.role === role && one.condition?.expression === expression;
  const found = bindings.find(same);
  if (verb.startsWith('add')) {
    if (found) found.members = [...new Set([...found.members, member])].sort();
    else bindings.push({ role, members: [member], ...(expression !== undefined && { condition: { expression } }) });
  } else {
    if (!found?.members.includes(member)) throw notFound(`${role} of ${member}`);
    found.members = found.members.filter((one) => one !== member);
  }
  policies[id] = bindings.filter(({ members }) => members.length > 0);
  return undefined;
}

if (import.meta.main) {
  const path = process.env['FAKE_GCLOUD_STATE'] ?? '';
  const state = existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as FakeState) : emptyState();
  const args = process.argv.slice(2);
  const { code, stdout, stderr } = fakeGcloud(
    state,
    args,
    args.includes('--data-file=-') ? readFileSync(0, 'utf8') : '',
  );
  if (!stdout && code === 0) {
    const own = `${path}.${process.pid}`;
    writeFileSync(own, JSON.stringify(state));
    renameSync(own, path);
    // As if whoever runs it were killed right then.
    if (String(state.changes.length) === process.env['FAKE_GCLOUD_KILL_AFTER']) process.kill(process.ppid, 'SIGKILL');
  }
  process.stdout.write(stdout);
  process.stderr.write(stderr);
  process.exitCode = code;
}
