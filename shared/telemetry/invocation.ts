/**
 * One invocation of a function: a request, a delivery of an event, a firing of a schedule; or a command that somebody typed. Whatever carries invocations (the app factory, the endpoints, the
 * consumers, redirects) begins and ends each here, so that each has one span and one line in the log, and both know the same.
 *
 * The line is always written for a failure, for what took SLOW_MS or longer, and for what is debugged; of others, so many a second and name as the settings say.
 * A line that was written says how many of its kind were left out before it.
 */
import type { Attributes } from '@opentelemetry/api';
import type { Log, Severity } from '../log.ts';
import { isUnexpected } from './error-report.ts';
import { errorTypeOf } from './error-type.ts';
import { profileLabelsInUse } from './profile-labels.ts';
import { type InvocationNotes, runInScope, type Scope } from './scope.ts';
import { SPAN_KIND, STATUS_ERROR, spansInUse } from './spans.ts';
import type { TraceContext } from './trace-context.ts';

/** Milliseconds from which on an invocation counts as slow. */
const SLOW_MS = 1_000;
/** Names whose lines are counted; all others share one place. */
const MOST_NAMES = 500;
/** Characters of an address. */
export const MOST_ADDRESS = 200;
const SPAN_KINDS = {
  request: SPAN_KIND.server,
  event: SPAN_KIND.consumer,
  firing: SPAN_KIND.server,
  command: SPAN_KIND.internal,
} as const;

export interface InvocationOptions {
  kind: 'request' | 'event' | 'firing' | 'command';
  /** Low in cardinality: `GET`, `clicks`, `bus-sync`. `end` may know a better one. */
  name: string;
  log: Log;
  /** As it came from outside. */
  parent?: TraceContext | undefined;
  /** Whether the parent is Hawker's own, as with an event: then it is recorded if the parent is. Anybody may claim the one of a request. */
  trusted?: boolean;
  debug?: boolean;
  attributes?: Attributes;
  /** When it came, as `performance.now()` says; now where absent. */
  began?: number;
}

export interface InvocationEnd {
  /** In a word: `ok`, `failed`, `refused`, an end of the function's own. */
  outcome: string;
  severity: Severity;
  /** Of the line; `<kind> <name>` where absent. */
  message?: string;
  name?: string;
  error?: unknown;
  fields?: Record<string, unknown>;
  /** Of a request, for the line's `httpRequest`. */
  request?: AnsweredRequest;
  attributes?: Attributes;
  /** Whose line it is, where that is known only now. */
  log?: Log;
}

/** No address of a visitor, which is personal and of use to nobody here; what counts people has it, hashed (functions/redirects). */
export interface AnsweredRequest {
  method: string;
  /** The pattern of the path, never an address: that may hold a token, or tell who looks at what. Undefined where none matched. */
  route: string | undefined;
  /** What was asked for, without its query: where no pattern matched, so that nothing is there, or it is a link. */
  address?: string | undefined;
  status: number;
  userAgent?: string | undefined;
  /** `HTTP/1.1`. */
  protocol?: string | undefined;
}

export interface Invocation {
  scope: Scope;
  /** Runs `work` as part of it. */
  run<T>(work: () => T): T;
  /** Once; what follows it is not part of the invocation. Answers the seconds that it took. */
  end(end: InvocationEnd): number;
}

/** One that has ended. */
export interface Ended extends Pick<InvocationOptions, 'kind' | 'name'> {
  scope: Scope;
  end: InvocationEnd;
  /** '' where a request has not come to a function. */
  function: string;
  ms: number;
  failed: boolean;
}

let hear: ((one: Ended) => void) | undefined;
let first = true;
let perSecond = Number.POSITIVE_INFINITY;
interface LineCounts {
  /** When the second that is counted ends, as `performance.now()` says. */
  until: number;
  lines: number;
  leftOut: number;
}

const written = new Map<string, LineCounts>();

/** Has each told to whoever keeps what happened lately (recent.ts), which most processes do not load; undefined ends that. Must not throw. */
export function hearEnded(by: ((one: Ended) => void) | undefined): void {
  hear = by;
}

/** Ordinary invocations of one kind and name whose lines are written in a second; all, until it is called. */
export function setLogRate(rate: number): void {
  perSecond = rate;
}

export function beginInvocation(options: InvocationOptions): Invocation {
  const { kind, name, parent, trusted = false, debug = false, attributes = {}, began = performance.now() } = options;
  const coldStart = first;
  first = false;
  const span = spansInUse()?.begin(
    name,
    {
      kind: SPAN_KINDS[kind],
      attributes,
      ...(options.began !== undefined && { startTime: performance.timeOrigin + began }),
    },
    parent,
    debug || (trusted && parent?.sampled === true),
  );
  const invocation: InvocationNotes = {
    fields: debug ? { debug } : {},
    steps: new Map(),
    debug,
    ...(debug && { log: options.log }),
  };
  const context = span?.spanContext();
  // What anybody may claim must not have what follows from it recorded either.
  const unrecorded = parent && spansInUse() ? { ...parent, sampled: false } : parent;
  const trace = context ? { traceId: context.traceId, spanId: context.spanId, sampled: true } : unrecorded;
  const scope: Scope = { trace, span, invocation };
  const labelling = profileLabelsInUse();
  const labels = labelling && { function: functionOf(kind, name, options.log) || labelling.service, route: name };

  return {
    scope,
    run: (work) =>
      labelling && labels ? labelling.run(labels, () => runInScope(scope, work)) : runInScope(scope, work),
    end(given) {
      const end = withNoted(given, invocation.fields['error']);
      const ms = performance.now() - began;
      if (span) {
        if (end.name) span.updateName(end.name);
        if (end.attributes) span.setAttributes(end.attributes);
        if (coldStart) span.setAttribute('faas.coldstart', true);
        if (end.error !== undefined || end.severity === 'ERROR')
          span.setStatus({
            code: STATUS_ERROR,
            message: end.error === undefined ? end.outcome : errorTypeOf(end.error),
          });
        span.end();
      }
      const log = end.log ?? options.log;
      if (labels) {
        labels.function = functionOf(kind, name, log) || labels.function;
        labels.route = end.name ?? name;
      }
      hear?.({
        ...{ scope, end, kind, ms: round(ms), failed: isFailure(end) },
        ...{ function: functionOf(kind, name, log), name: end.name ?? name },
      });
      const ordinary = !debug && ms < SLOW_MS && !isFailure(end);
      const leftOut = leftOutBefore(`${kind} ${end.name ?? name}`, ordinary);
      if (leftOut === undefined) return ms / 1000;
      const fields = {
        kind,
        ...invocation.fields,
        ...end.fields,
        outcome: end.outcome,
        ms: round(ms),
        ...(end.request && { httpRequest: httpRequestOf(end.request, ms) }),
        ...(coldStart && { coldStart }),
        ...(invocation.steps.size > 0 && { steps: stepsOf(invocation) }),
        ...(leftOut > 0 && { leftOut }),
        ...(end.error !== undefined && { error: end.error }),
      };
      runInScope(scope, () => write(log, end.severity, end.message ?? `${kind} ${end.name ?? name}`, fields));
      return ms / 1000;
    },
  };
}

/** A function that answers how it failed, rather than throw, may have noted the error. What carries it took that for a good end. */
function withNoted(end: InvocationEnd, error: unknown): InvocationEnd {
  if (error === undefined || end.error !== undefined) return end;
  const worse = isUnexpected(error) ? 'ERROR' : 'WARNING';
  return { ...end, error, severity: end.severity === 'INFO' ? worse : end.severity };
}

/** Whose invocation it is; '' where a request has not come to a function. */
function functionOf(kind: InvocationOptions['kind'], name: string, log: Log): string {
  return String(log.bound['function'] ?? (kind === 'request' ? '' : name));
}

function isFailure({ severity }: Pick<InvocationEnd, 'severity'>): boolean {
  return severity === 'ERROR' || severity === 'WARNING';
}

/** https://cloud.google.com/logging/docs/reference/v2/rest/v2/LogEntry#httprequest */
function httpRequestOf({ method, route, address, status, userAgent, protocol }: AnsweredRequest, ms: number) {
  const asked = route ?? address?.slice(0, MOST_ADDRESS);
  return {
    requestMethod: method,
    ...(asked !== undefined && { requestUrl: asked }),
    status,
    latency: `${(ms / 1000).toFixed(6)}s`,
    ...(userAgent && { userAgent: userAgent.slice(0, 256) }),
    ...(protocol && { protocol }),
  };
}

/**
 * For paths where beginning each invocation would show: tells whether an ordinary one at `now` (as `performance.now()` says) has no line. If so, it counts as left out, and
 * all of it is said; if not, it is to be begun and ended after all.
 */
export function createLeftOut(kind: InvocationOptions['kind'], name: string): (now: number) => boolean {
  const counts = countsOf(`${kind} ${name}`);
  return (now) => {
    if (hear || linesOf(counts, now) < perSecond) return false;
    counts.leftOut++;
    return true;
  };
}

/** How many of this name were left out since its last line; undefined where this one is left out too. */
function leftOutBefore(name: string, ordinary: boolean): number | undefined {
  const counts = countsOf(name);
  if (linesOf(counts, performance.now()) >= perSecond && ordinary) {
    counts.leftOut++;
    return undefined;
  }
  counts.lines++;
  const { leftOut } = counts;
  counts.leftOut = 0;
  return leftOut;
}

function countsOf(name: string): LineCounts {
  const key = written.has(name) || written.size < MOST_NAMES ? name : '';
  let counts = written.get(key);
  if (!counts) {
    counts = { until: 0, lines: 0, leftOut: 0 };
    written.set(key, counts);
  }
  return counts;
}

/** So far in the second of `now`. */
function linesOf(counts: LineCounts, now: number): number {
  if (now >= counts.until) {
    counts.until = (Math.floor(now / 1000) + 1) * 1000;
    counts.lines = 0;
  }
  return counts.lines;
}

function stepsOf({ steps }: InvocationNotes): Record<string, { times: number; ms: number }> {
  return Object.fromEntries([...steps].map(([name, { times, ms }]) => [name, { times, ms: round(ms) }]));
}

function round(ms: number): number {
  return Math.round(ms * 10) / 10;
}

function write(log: Log, severity: Severity, message: string, fields: Record<string, unknown>): void {
  if (severity === 'ERROR') log.error(message, fields);
  else if (severity === 'WARNING') log.warn(message, fields);
  else if (severity === 'DEBUG') log.debug(message, fields);
  else log.info(message, fields);
}
