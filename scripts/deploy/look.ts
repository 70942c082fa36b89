/** What of a plan is there, what is not, and what is otherwise than wanted. */
import { ask, type Run, shown } from './gcloud.ts';
import type { Json, Resource } from './resource.ts';

export interface Difference {
  /** The field, as in `wanted`. */
  path: string;
  wanted: Json;
  found: Json;
}

export interface Seen {
  resource: Resource;
  state: 'absent' | 'same' | 'differs';
  differences: readonly Difference[];
}

/** Questions asked at a time: each is a process of its own. */
const AT_ONCE = 6;

/** Asks each question once, whoever has it. In the order of the plan. Throws GcloudFailed. */
export async function look(resources: readonly Resource[], run: Run): Promise<Seen[]> {
  const questions = new Map(resources.map(({ describe }) => [shown(describe), describe]));
  const answers = new Map<string, Json | undefined>();
  const left = [...questions];
  const asker = async () => {
    for (let next = left.shift(); next; next = left.shift()) answers.set(next[0], await ask(run, next[1]));
  };
  await Promise.all(Array.from({ length: AT_ONCE }, asker));
  return resources.map((resource) => judge(resource, answers.get(shown(resource.describe))));
}

function judge(resource: Resource, answer: Json | undefined): Seen {
  const found = answer === undefined ? undefined : resource.read(answer);
  if (found === undefined) return { resource, state: 'absent', differences: [] };
  const differences = [...differing(resource.wanted, found, '')];
  return { resource, state: differences.length === 0 ? 'same' : 'differs', differences };
}

/** Fields of `wanted` alone; lists as wholes. */
function* differing(wanted: Json, found: Json, path: string): Generator<Difference> {
  if (wanted === null) return;
  if (typeof wanted !== 'object' || Array.isArray(wanted)) {
    if (canonical(wanted) !== canonical(found)) yield { path, wanted, found };
    return;
  }
  const inside = (found !== null && typeof found === 'object' && !Array.isArray(found) ? found : {}) as Record<
    string,
    Json
  >;
  for (const [name, value] of Object.entries(wanted))
    yield* differing(value, inside[name] ?? null, path ? `${path}.${name}` : name);
}

/** Whatever the order of names. */
function canonical(value: Json): string {
  return JSON.stringify(value, (_name, inside: unknown) =>
    inside !== null && typeof inside === 'object' && !Array.isArray(inside)
      ? Object.fromEntries(Object.entries(inside).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inside,
  );
}
