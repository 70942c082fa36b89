/**
 * Requests to other services. Each is a step of its invocation, measured, and a span as OpenTelemetry describes those of HTTP's clients
 * (https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-client). A failed one is named in the invocation's line.
 */
import { errorTypeOf } from './error-type.ts';
import type { LabelsOf } from './metric-table.ts';
import { observe } from './observe.ts';
import { note } from './scope.ts';

export interface UpstreamCall {
  upstream: LabelsOf<'hawker.upstream.duration'>['hawker.upstream'];
  /** What it is asked to do, in a word of the code: one of a few. */
  operation: string;
  method: string;
  /** Only its host is told. */
  url: string | URL;
  /** How often the same was sent before, since it failed. */
  resends?: number | undefined;
}

/** `work` tells the status as soon as it knows it. One of 400 and above is a failure, also where `work` takes it for an answer. */
export async function observeUpstream<T>(
  { upstream, operation, method, url, resends = 0 }: UpstreamCall,
  work: (answered: (status: number) => void) => Promise<T>,
): Promise<T> {
  const name = `${upstream}.${operation}`;
  const failed = (type: string) => note({ upstreamError: `${name} ${type}` });
  let answered: number | undefined;
  try {
    return await observe(
      {
        name,
        kind: 'client',
        attributes: {
          'http.request.method': method,
          'server.address': hostOf(url),
          ...(resends > 0 && { 'http.request.resend_count': resends }),
        },
        measures: {
          metric: 'hawker.upstream.duration',
          labels: { 'hawker.upstream': upstream, 'hawker.operation': operation },
        },
        failureOf() {
          if (answered === undefined || answered < 400) return undefined;
          failed(String(answered));
          return String(answered);
        },
      },
      (span) =>
        work((status) => {
          answered = status;
          span?.setAttribute('http.response.status_code', status);
        }),
    );
  } catch (error) {
    failed(errorTypeOf(error));
    throw error;
  }
}

/** '' for what is no address: what is wrong with it is for `work` to say. */
function hostOf(url: string | URL): string {
  return URL.parse(String(url))?.hostname ?? '';
}
