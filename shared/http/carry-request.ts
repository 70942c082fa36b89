/**
 * A request as one invocation: its span, its line, its place in the metrics.
 *
 * Apps may be mounted in one another. The outermost begins and ends the invocation, since it is there for all of it; the innermost that answered says whose it was and what
 * it matched, and the line is its.
 */
import type { IncomingMessage } from 'node:http';
import type { Context } from 'hono';
import { routePath } from 'hono/route';
import { isAppError } from '../errors.ts';
import type { Log } from '../log.ts';
import { askedBy, isDebugged } from '../telemetry/debug-header.ts';
import { beginInvocation, type Invocation, type InvocationEnd } from '../telemetry/invocation.ts';
import { record } from '../telemetry/metrics.ts';
import { currentScope, type InvocationNotes } from '../telemetry/scope.ts';
import { traceContextOf } from '../telemetry/trace-context.ts';
import { toAppError } from './problem.ts';

interface Answered {
  log: Log;
  /** `/v1/domains/:host`; undefined where middleware alone matched. */
  route: string | undefined;
  error: unknown;
}

/** Characters of a path that is told. */
const MOST_PATH = 200;

/** The requests that are under way, and who answered them. */
const underWay = new WeakMap<InvocationNotes, { by?: Answered }>();

/** `work` answers the request. */
export async function carryRequest(c: Context, log: Log, work: () => Promise<void>): Promise<void> {
  const notes = currentScope()?.invocation;
  const outer = notes && underWay.get(notes);
  if (outer) {
    if (notes.debug) notes.log = log;
    await work();
    outer.by ??= answeredBy(c, log);
    return;
  }
  const invocation = begin(c, log);
  const own: { by?: Answered } = {};
  underWay.set(invocation.scope.invocation, own);
  try {
    await invocation.run(work);
  } catch (error) {
    invocation.end({ outcome: 'failed', severity: 'ERROR', error });
    throw error;
  }
  endRequest(c, invocation, own.by ?? answeredBy(c, log));
}

/** For an endpoint whose handlers begin invocations of another kind: a request is only what came to none of them. `began` as `performance.now()` says. */
export function tellRefused(c: Context, log: Log, began: number, requestId: string): void {
  const invocation = begin(c, log, began);
  Object.assign(invocation.scope.invocation.fields, { requestId });
  endRequest(c, invocation, answeredBy(c, log));
}

function begin(c: Context, log: Log, began?: number): Invocation {
  const { method, raw } = c.req;
  const invocation = beginInvocation({
    kind: 'request',
    name: method,
    log,
    parent: traceContextOf((name) => c.req.header(name)),
    debug: isDebugged(raw.headers, log),
    attributes: { 'http.request.method': method },
    ...(began !== undefined && { began }),
  });
  const { debug, fields } = invocation.scope.invocation;
  if (debug) Object.assign(fields, askedBy(raw.headers));
  return invocation;
}

function endRequest(c: Context, invocation: Invocation, { log, route, error: thrown }: Answered): void {
  const { method } = c.req;
  const { status } = c.res;
  // A page tells of an error in its own words, and notes it.
  const error = thrown ?? invocation.scope.invocation.fields['error'];
  const code = error === undefined ? undefined : toAppError(error).code;
  const errorType = status >= 500 ? (code ?? String(status)) : undefined;
  const told = route ?? '-';
  const address = route === undefined && status === 404 ? c.req.path.slice(0, MOST_PATH) : undefined;
  const name = String(log.bound['function'] ?? 'hawker');
  const { incoming } = (c.env ?? {}) as { incoming?: IncomingMessage };
  const attributes = {
    'http.response.status_code': status,
    'faas.name': name,
    ...(route !== undefined && { 'http.route': route }),
    ...(errorType !== undefined && { 'error.type': errorType }),
  };
  const seconds = invocation.end({
    ...judged(status, error),
    log,
    name: `${method} ${told}`,
    message: `${method} ${address ?? told} ${status}`,
    fields: { route: told, ...(code !== undefined && { code }) },
    request: {
      method,
      route,
      address,
      status,
      userAgent: c.req.header('User-Agent'),
      protocol: incoming && `HTTP/${incoming.httpVersion}`,
    },
    attributes,
  });
  const labels = {
    'faas.name': name,
    'http.request.method': method as 'GET',
    'http.route': told,
    'http.response.status_code': String(status),
    'error.type': errorType,
  };
  record('http.server.request.duration', seconds, labels, invocation.scope.span?.spanContext());
}

/** What a caller can mend is no failure here, nor is what nobody has set up: anybody may ask for that as often as they like. */
function judged(status: number, error: unknown): Pick<InvocationEnd, 'outcome' | 'severity' | 'error'> {
  if (status < 500) return { outcome: status < 400 ? 'ok' : 'refused', severity: 'INFO' };
  if (isAppError(error, 'not_configured')) return { outcome: 'refused', severity: 'INFO', error };
  return { outcome: 'failed', severity: status === 500 ? 'ERROR' : 'WARNING', ...(error !== undefined && { error }) };
}

/** `/v1/domains/:host`, never the address itself; middleware alone matched where it ends in a star. */
function answeredBy(c: Context, log: Log): Answered {
  const pattern = routePath(c, -1);
  return { log, route: pattern.endsWith('*') ? undefined : pattern, error: c.error };
}
