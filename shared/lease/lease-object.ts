/**
 * A lease's record as a Lease object of `coordination.k8s.io/v1`, such that client-go's electors and ours can contend for the same object.
 *
 * | field of `spec` | holds |
 * |---|---|
 * | `holderIdentity` | the holder; '' while the lease is free |
 * | `leaseDurationSeconds` | the duration, rounded up to whole seconds; 1 while the lease is free |
 * | `acquireTime`, `renewTime` | when the term began and was last renewed, by its holder's wall clock; both the moment of the release while it is free |
 * | `leaseTransitions` | how many terms there were before this one |
 *
 * What these cannot say is JSON in one annotation. client-go leaves annotations as they are when it takes a lease over, so ours names the holder,
 * the acquire time and the transitions that it belongs to, and counts only while the spec says the same. Without one that counts the term is a
 * stranger's: it gets a nonce that no attempt of ours has.
 *
 * client-go's electors notice a renewal only by another second in `renewTime` (they compare records as text, in which a time has no fraction of a
 * second). So each renewal here writes a later second than the one before, if need be one that is yet to come: a second that comes back, after a clock was set back or
 * after one from the future, looks to whoever missed what was in between as if nothing had been renewed. They do not see the annotation:
 * a `successor` keeps our own contenders waiting and nobody else's.
 */
import * as z from 'zod';
import { formatMicroTime, parseMicroTime } from './micro-time.ts';
import type { RecordWrite, Sighting } from './record.ts';
import { DEFAULT_DURATION_MS } from './timing.ts';

/** What there is of a Lease object; whatever else it holds is kept as it is. */
export interface LeaseObject {
  metadata: { name: string; resourceVersion: string; annotations?: Record<string, string>; [name: string]: unknown };
  spec?: Record<string, unknown> | null;
  [name: string]: unknown;
}

export const LEASE_ANNOTATION = 'hawker.dev/lease';

const SECOND = 1_000_000;
/** The largest number that `leaseTransitions` takes. */
const MOST_TRANSITIONS = 2 ** 31 - 1;

const annotationSchema = z.object({
  /** Whose it is. */
  holder: z.string(),
  acquireTime: z.string(),
  leaseTransitions: z.number(),
  /** What it says. */
  nonce: z.string(),
  since: z.string(),
  durationMs: z.number().positive(),
  renewals: z.number().int().nonnegative(),
  fence: z.string().regex(/^\d+$/).exactOptional(),
  note: z.string().exactOptional(),
  successor: z.string().exactOptional(),
  broken: z.object({ reason: z.string(), by: z.string(), at: z.string() }).exactOptional(),
});

/** The record that the object holds, whoever wrote it. */
export function sightingOf(object: LeaseObject): Sighting {
  const version = object.metadata.resourceVersion;
  const spec = object.spec ?? {};
  const holder = textOf(spec['holderIdentity']);
  const transitions = numberOf(spec['leaseTransitions']) ?? 0;
  const seconds = numberOf(spec['leaseDurationSeconds']);
  const term = transitions + 1;
  const ours = annotationOf(object);
  if (!ours) {
    const nonce = `foreign ${holder} ${textOf(spec['acquireTime'])} ${transitions}`;
    const durationMs = seconds ? seconds * 1_000 : DEFAULT_DURATION_MS;
    return { version, record: { holder, nonce, durationMs, renewals: 0, term, since: sinceOf(object, spec) } };
  }
  const { acquireTime: _at, leaseTransitions: _count, ...rest } = ours;
  // A duration that somebody has edited can make others wait longer, and not shorter: its holder has not heard of it.
  const edited = holder !== '' && seconds !== undefined && seconds !== wholeSeconds(ours.durationMs);
  const durationMs = edited ? Math.max(ours.durationMs, seconds * 1_000) : ours.durationMs;
  return { version, record: { ...rest, durationMs, term } };
}

/** The object that is to replace `before`, or to be created where there is none, so that it holds `record`. `now`: wall-clock milliseconds. */
export function leaseObject(
  before: LeaseObject | { metadata: { name: string; namespace: string } },
  { kind, record }: Pick<RecordWrite, 'kind' | 'record'>,
  now: number,
): Record<string, unknown> & { metadata: { annotations: Record<string, string> } } {
  const { holder, term, ...rest } = record;
  const spec = ('spec' in before && before.spec) || {};
  const moment = Math.floor(now) * 1_000;
  const began = holder === '' ? moment : (parseMicroTime(record.since) ?? moment);
  const acquireTime = formatMicroTime(began);
  const renewed = kind === 'renew' ? laterSecond(moment, parseMicroTime(spec['renewTime'])) : began;
  const leaseTransitions = Math.min(Math.max(term - 1, 0), MOST_TRANSITIONS);
  const annotation: z.infer<typeof annotationSchema> = { holder, acquireTime, leaseTransitions, ...rest };
  return {
    ...before,
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: {
      ...before.metadata,
      annotations: {
        ...('annotations' in before.metadata && before.metadata.annotations),
        [LEASE_ANNOTATION]: JSON.stringify(annotation),
      },
    },
    spec: {
      ...spec,
      holderIdentity: holder,
      leaseDurationSeconds: holder === '' ? 1 : wholeSeconds(record.durationMs),
      acquireTime,
      renewTime: formatMicroTime(renewed),
      leaseTransitions,
    },
  };
}

/** Our annotation, if there is one that belongs to what the spec says. */
function annotationOf({ metadata, spec }: LeaseObject): z.infer<typeof annotationSchema> | undefined {
  const text = metadata.annotations?.[LEASE_ANNOTATION];
  if (!text || !spec) return undefined;
  const { data } = annotationSchema.safeParse(jsonOf(text));
  const belongs =
    data?.holder === textOf(spec['holderIdentity']) &&
    data.leaseTransitions === (numberOf(spec['leaseTransitions']) ?? 0) &&
    parseMicroTime(data.acquireTime) === parseMicroTime(spec['acquireTime']);
  return belongs ? data : undefined;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** `micros`, or the beginning of the second after that of `before` where it is no later one. */
function laterSecond(micros: number, before: number | undefined): number {
  if (before === undefined || Math.floor(before / SECOND) < Math.floor(micros / SECOND)) return micros;
  return (Math.floor(before / SECOND) + 1) * SECOND;
}

function sinceOf({ metadata }: LeaseObject, spec: Record<string, unknown>): string {
  const times = [spec['acquireTime'], spec['renewTime'], metadata['creationTimestamp']];
  return formatMicroTime(times.map(parseMicroTime).find((micros) => micros !== undefined) ?? 0);
}

function wholeSeconds(ms: number): number {
  return Math.max(1, Math.ceil(ms / 1_000));
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' && value >= 0 && Number.isFinite(value) ? value : undefined;
}
