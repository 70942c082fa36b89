/**
 * What is told of each request: how long it took in the metrics, and a line and a span for those that are to have one.
 *
 * Most redirects come from memory, twenty thousand a second, and an invocation for each would show. So only a request whose trace is to be recorded, one that is debugged
 * and one that has to wait are begun as invocations before they are answered. Any other is answered first; where it failed or a line is due, it is begun and
 * ended afterwards, as it was.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { HitLabel } from '#shared/links/records.ts';
import type { Log, Severity } from '#shared/log.ts';
import { askedBy, isDebugged } from '#shared/telemetry/debug-header.ts';
import { beginInvocation, createLeftOut, type Invocation } from '#shared/telemetry/invocation.ts';
import { measuring, recorder } from '#shared/telemetry/metrics.ts';
import { spansInUse } from '#shared/telemetry/spans.ts';
import { type TraceContext, traceContextOf } from '#shared/telemetry/trace-context.ts';

export type Outcome = 'redirected' | 'gone' | 'not_found' | 'refused' | 'reserved' | 'unavailable' | 'failed';
export type CacheUse = 'hit' | 'miss';

/** What came of a request. */
export interface Told {
  outcome: Outcome;
  /** Of a hit. */
  label?: HitLabel;
}

/** How a request that is begun before its answer is begun. */
export interface Wanted {
  parent: TraceContext | undefined;
  debug: boolean;
}

/** `began` is when a request came, as `performance.now()` says. */
export interface Telling {
  /** Undefined where nothing needs to be known of it before its answer. */
  wanted(request: IncomingMessage, began: number): Wanted | undefined;
  begin(request: IncomingMessage, began: number, wanted?: Wanted): Invocation;
  /** Of one that was answered from memory and not begun. Never throws. */
  answered(request: IncomingMessage, response: ServerResponse, told: Told, began: number): void;
  /** `invocation` where it was begun; `error` where it failed unforeseen. Never throws. */
  end(request: IncomingMessage, response: ServerResponse, came: Came): void;
}

export interface Came {
  told: Told;
  began: number;
  cache: CacheUse;
  invocation?: Invocation;
  error?: unknown;
}

const MOST_PATH = 500;
const SEVERITY: Partial<Record<Outcome, Severity>> = { reserved: 'DEBUG', unavailable: 'WARNING', failed: 'ERROR' };
const MESSAGE: Partial<Record<Outcome, string>> = { failed: 'a redirect failed' };

export function createTelling(log: Log): Telling {
  const took = recorders();
  const leftOut = createLeftOut('request', 'GET');

  function begin(request: IncomingMessage, began: number, { parent, debug }: Wanted): Invocation {
    const { method = 'GET' } = request;
    const attributes = { 'http.request.method': method, 'faas.name': 'redirects' };
    const invocation = beginInvocation({ kind: 'request', name: method, log, parent, debug, began, attributes });
    if (debug) Object.assign(invocation.scope.invocation.fields, askedBy(request.headers));
    return invocation;
  }

  function end(request: IncomingMessage, response: ServerResponse, { told, began, cache, error, ...came }: Came): void {
    try {
      const { outcome, label } = told;
      const invocation = came.invocation ?? begin(request, began, { parent: parentOf(request), debug: false });
      const { method = 'GET', httpVersion } = request;
      const { host, path } = addressOf(request);
      const status = response.statusCode;
      const seconds = invocation.end({
        outcome,
        severity: SEVERITY[outcome] ?? 'INFO',
        message: MESSAGE[outcome] ?? `${method} ${host}${path} ${status}`,
        fields: { host, path, cache, ...(label && { label }) },
        request: { method, route: undefined, address: `${host}${path}`, status, protocol: `HTTP/${httpVersion}` },
        attributes: {
          'server.address': host,
          'url.path': path,
          'http.response.status_code': status,
          'hawker.outcome': outcome,
          'hawker.cache': cache,
          ...(label && { 'hawker.label': label }),
        },
        ...(error !== undefined && { error }),
      });
      took[outcome][cache](seconds, invocation.scope.span?.spanContext());
    } catch {
      // The request is answered, and nobody could be told.
    }
  }

  return {
    wanted(request, began) {
      if (isDebugged(request.headers, log)) return { parent: parentOf(request), debug: true };
      if (!spansInUse()?.due(began)) return undefined;
      const parent = parentOf(request);
      return parent?.sampled === false ? undefined : { parent, debug: false };
    },
    begin: (request, began, wanted = { parent: parentOf(request), debug: false }) => begin(request, began, wanted),
    answered(request, response, told, began) {
      // A failure, or another method, is rare enough to be told in full.
      if (request.method !== 'GET' || SEVERITY[told.outcome] !== undefined || !leftOut(began))
        return void end(request, response, { told, began, cache: 'hit' });
      if (measuring()) took[told.outcome].hit((performance.now() - began) / 1_000);
    },
    end,
  };
}

type Recorders = Record<Outcome, Record<CacheUse, ReturnType<typeof recorder>>>;

function recorders(): Recorders {
  const both = (outcome: Outcome) => ({
    hit: recorder('hawker.redirect.duration', { 'hawker.outcome': outcome, 'hawker.cache': 'hit' }),
    miss: recorder('hawker.redirect.duration', { 'hawker.outcome': outcome, 'hawker.cache': 'miss' }),
  });
  return {
    redirected: both('redirected'),
    gone: both('gone'),
    not_found: both('not_found'),
    refused: both('refused'),
    reserved: both('reserved'),
    unavailable: both('unavailable'),
    failed: both('failed'),
  };
}

function parentOf({ headers }: IncomingMessage): TraceContext | undefined {
  return traceContextOf((name) => headers[name] as string | undefined);
}

/** The operator's own; a query is the visitor's. */
function addressOf({ headers, url = '' }: IncomingMessage): { host: string; path: string } {
  return { host: (headers.host ?? '').slice(0, MOST_PATH), path: url.replace(/[?#].*$/s, '').slice(0, MOST_PATH) };
}
