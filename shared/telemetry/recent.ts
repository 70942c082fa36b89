/**
 * What this process did lately, for the console's page: the last invocations, the last failures, and how the last minute went. In memory alone, and only once `keepRecent`
 * was called; every invocation is seen here, whether or not its line is written.
 */
import { systemClock } from '../clock.ts';
import { errorLine } from './error-text.ts';
import { errorTypeOf } from './error-type.ts';
import { type Ended, hearEnded, MOST_ADDRESS } from './invocation.ts';
import { redactWithin } from './redact.ts';

export interface RecentInvocation {
  /** When it ended, in milliseconds since the epoch. */
  at: number;
  kind: Ended['kind'];
  /** Its function, where that is known. */
  function: string;
  /** Low in cardinality: `GET /v1/domains/:host`, `clicks`. */
  name: string;
  /** Of a request: the pattern of its path. */
  route?: string;
  /** Of a redirect, and of a request that no pattern matched: what was asked for, without its query; bounded and redacted. */
  address?: string;
  /** Of a request: what was answered. */
  status?: number;
  outcome: string;
  ms: number;
  /** Of a request; an event's id for an event, a firing's time for a firing. */
  requestId: string;
  traceId?: string;
  /** Whether the trace is recorded here, so that it can be looked at. */
  sampled?: boolean;
  /** What kind of error it was (error-type.ts). */
  code?: string;
  /** In one line, redacted. */
  error?: string;
}

/** Failures that are alike, as one: the last of them, and how many there were. */
export interface RecentFailure extends RecentInvocation {
  times: number;
}

const MOST_INVOCATIONS = 200;
const MOST_FAILURES = 50;
/** Characters. */
const MOST_ERROR_LINE = 500;
const SECONDS = 60;
/** Durations fall into steps of a quarter of a doubling from 0.1 ms on, which makes a percentile right to a tenth. */
const STEPS = 80;
const SHORTEST_MS = 0.1;
const PER_DOUBLING = 4;

interface Second {
  at: number;
  requests: number;
  /** Of them. */
  failures: number;
  otherFailures: number;
  durations: Uint32Array;
}

let on = false;
/** Oldest first; the oldest goes when there are twice as many as are told of, so that each costs a push. */
let invocations: RecentInvocation[] = [];
/** By what makes them alike, so that a flood of one cannot push all others out; the last one's time decides the order, the oldest first. */
const failures = new Map<string, RecentFailure>();
let seconds: (Second | undefined)[] = [];
const listeners = new Set<(one: RecentInvocation) => void>();

/** Begins to keep what happens. */
export function keepRecent(): void {
  on = true;
  hearEnded((one) => keepInvocation(recentOf(one), one.failed));
}

/** Keeps nothing any more, and forgets what was kept; for tests. */
export function forgetRecent(): void {
  on = false;
  hearEnded(undefined);
  invocations = [];
  failures.clear();
  seconds = [];
  listeners.clear();
}

/** Newest first. */
export function recent(): { invocations: readonly RecentInvocation[]; failures: readonly RecentFailure[] } {
  return { invocations: invocations.slice(-MOST_INVOCATIONS).reverse(), failures: [...failures.values()].reverse() };
}

/** Tells of each invocation as it ends, while recent ones are kept. Answers how to be told no more. What a listener throws is dropped. */
export function onInvocation(listener: (one: RecentInvocation) => void): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

/** Of the last 60 s: requests, how many of them failed and how long they took, in milliseconds (0 where there were none), and failures of events and firings. */
export function perMinute(now = systemClock.now()): {
  requests: number;
  failures: number;
  otherFailures: number;
  p50Ms: number;
  p99Ms: number;
} {
  const durations = new Uint32Array(STEPS);
  const sum = { requests: 0, failures: 0, otherFailures: 0 };
  const second = Math.floor(now / 1000);
  for (const each of seconds) {
    if (!each || each.at <= second - SECONDS || each.at > second) continue;
    sum.requests += each.requests;
    sum.failures += each.failures;
    sum.otherFailures += each.otherFailures;
    for (let step = 0; step < STEPS; step++) durations[step] = (durations[step] ?? 0) + (each.durations[step] ?? 0);
  }
  return {
    ...sum,
    p50Ms: percentile(durations, sum.requests, 0.5),
    p99Ms: percentile(durations, sum.requests, 0.99),
  };
}

/** Also for tests, which know when one was. */
export function keepInvocation(one: RecentInvocation, failed: boolean): void {
  if (!on) return;
  invocations.push(one);
  if (invocations.length >= 2 * MOST_INVOCATIONS) invocations.splice(0, MOST_INVOCATIONS);
  if (failed) keepFailure(one);
  const counts = secondOf(one.at);
  if (one.kind !== 'request') counts.otherFailures += Number(failed);
  else {
    const step = stepOf(one.ms);
    counts.requests++;
    counts.failures += Number(failed);
    counts.durations[step] = (counts.durations[step] ?? 0) + 1;
  }
  for (const listener of listeners) {
    try {
      listener(one);
    } catch {
      // A page that went away is no reason for an invocation to fail.
    }
  }
}

function secondOf(at: number): Second {
  const second = Math.floor(at / 1000);
  const index = second % SECONDS;
  const found = seconds[index];
  if (found?.at === second) return found;
  const made = { at: second, requests: 0, failures: 0, otherFailures: 0, durations: new Uint32Array(STEPS) };
  seconds[index] = made;
  return made;
}

function recentOf({ scope, end, ...one }: Ended): RecentInvocation {
  const { trace, span, invocation } = scope;
  const { outcome, request, error } = end;
  const { requestId, reason } = { ...invocation.fields, ...end.fields } as { requestId?: unknown; reason?: unknown };
  // What fails as it should, such as a probe of a process that is not ready, notes why and has no error.
  const why = error === undefined ? one.failed && typeof reason === 'string' && reason : errorLine(error);
  return {
    at: systemClock.now(),
    ...{ kind: one.kind, function: one.function, name: one.name, outcome, ms: one.ms },
    ...(request && { status: request.status }),
    ...(request?.route !== undefined && { route: request.route }),
    ...(request?.address !== undefined && { address: redactWithin(request.address, MOST_ADDRESS) }),
    requestId: typeof requestId === 'string' ? requestId : '',
    ...(trace && { traceId: trace.traceId, sampled: span !== undefined }),
    ...(error !== undefined && { code: errorTypeOf(error) }),
    ...(why && { error: redactWithin(why, MOST_ERROR_LINE) }),
  };
}

/** The address is no part of what makes two alike: anybody may ask for as many as they like. */
function keepFailure(one: RecentInvocation): void {
  const key = [one.kind, one.function, one.name, one.outcome, one.status ?? '', one.code ?? ''].join('\0');
  const before = failures.get(key);
  failures.delete(key);
  failures.set(key, { ...one, times: (before?.times ?? 0) + 1 });
  const [oldest] = failures.keys();
  if (failures.size > MOST_FAILURES && oldest !== undefined) failures.delete(oldest);
}

function stepOf(ms: number): number {
  const step = Math.ceil(PER_DOUBLING * Math.log2(Math.max(ms, SHORTEST_MS) / SHORTEST_MS));
  return Math.min(step, STEPS - 1);
}

/** The upper bound of the step in which it lies, to three digits. */
function percentile(durations: Uint32Array, count: number, share: number): number {
  if (count === 0) return 0;
  let below = 0;
  let step = 0;
  for (; step < STEPS - 1; step++) {
    below += durations[step] ?? 0;
    if (below >= count * share) break;
  }
  return Number((SHORTEST_MS * 2 ** (step / PER_DOUBLING)).toPrecision(3));
}
