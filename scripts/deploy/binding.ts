/** One role of one identity on one thing. */
import { items, text } from './answer.ts';
import { command, question } from './names.ts';
import type { DeployOptions } from './options.ts';
import type { Json, Resource } from './resource.ts';

export interface Bound {
  /** Whose, for people: a function, `push`, `scheduler`, `pubsub-agent`. */
  who: string;
  of: readonly string[];
  member: string;
  /** Without `roles/`. */
  role: string;
  on: Place;
  /** Holds for this alone of what the project has. */
  condition?: { title: string; expression: string };
  /** Tells bindings of one role on one project apart, or whose account it is where it is not the identity's own. */
  suffix?: string;
  needs: readonly string[];
  about: string;
}

interface Place {
  kind: 'project' | 'topic' | 'subscription' | 'service' | 'bucket' | 'account' | 'secret';
  name: string;
  /** Where it is not the deployment's own project. */
  project?: string;
}

export function binding(bound: Bound, options: DeployOptions): Resource {
  const { who, role, on, member, condition, suffix } = bound;
  const place = on.kind === 'project' ? suffix : on.kind === 'account' ? (suffix ?? 'itself') : on.name;
  const where = on.project === undefined ? options : { project: on.project };
  const { words, given = {} } = placeOf(on, options);
  const full = { ...given, member, role: `roles/${role}`, ...conditionOf(bound) };
  return {
    id: ['role', who, role, ...(place === undefined ? [] : [place])].join('/'),
    kind: 'role',
    about: bound.about,
    of: bound.of,
    needs: bound.needs,
    describe: onProject(on)
      ? { args: [...words, 'get-iam-policy', on.name, '--format=json', '--quiet'] }
      : question(where, [...words, 'get-iam-policy', on.kind === 'bucket' ? `gs://${on.name}` : on.name], given),
    wanted: null,
    read: (policy) => (binds(policy, `roles/${role}`, member, condition?.expression) ? null : undefined),
    create: [edit('add-iam-policy-binding')],
    remove: [edit('remove-iam-policy-binding')],
  };

  function edit(verb: string) {
    const name = on.kind === 'bucket' ? `gs://${on.name}` : on.name;
    // A project is what the command is about, and is named once.
    if (onProject(on)) {
      const { args } = command({ project: on.name }, [...words, verb, name], full);
      return { args: args.filter((arg) => !arg.startsWith('--project=')) };
    }
    return command(where, [...words, verb, name], full);
  }
}

const onProject = ({ kind }: Place) => kind === 'project';

function placeOf({ kind }: Place, { region }: DeployOptions): { words: string[]; given?: Record<string, string> } {
  const words = {
    project: ['projects'],
    topic: ['pubsub', 'topics'],
    subscription: ['pubsub', 'subscriptions'],
    service: ['run', 'services'],
    bucket: ['storage', 'buckets'],
    account: ['iam', 'service-accounts'],
    secret: ['secrets'],
  }[kind];
  return { words, ...(kind === 'service' && { given: { region } }) };
}

/** Once a policy has a condition anywhere, gcloud wants to be told of every binding whether it has one. */
function conditionOf({ on, condition }: Bound): Record<string, string> {
  if (condition) return { condition: `expression=${condition.expression},title=${condition.title}` };
  return on.kind === 'project' ? { condition: 'None' } : {};
}

function binds(policy: Json, role: string, member: string, expression = ''): boolean {
  return items(policy, 'bindings').some(
    (one) =>
      text(one, 'role') === role &&
      (text(one, 'condition', 'expression') || '') === (expression || '') &&
      items(one, 'members').includes(member),
  );
}
