/** Where spans come from while traces are on. The package that makes them is loaded only then (otel-client.ts). */
import type { Span, SpanKind, SpanOptions } from '@opentelemetry/api';
import type { TraceContext } from './trace-context.ts';

/** OpenTelemetry's numbers, since importing its enum would load the package: https://opentelemetry.io/docs/specs/otel/trace/api/#spankind */
export const SPAN_KIND = { internal: 0, server: 1, client: 2, producer: 3, consumer: 4 } as const satisfies Record<
  string,
  SpanKind
>;
export const STATUS_ERROR = 2;

export interface Spans {
  /** A child of a recorded span of this process. */
  start(name: string, options: SpanOptions, parent: Span): Span;
  /**
   * The span of an invocation, or undefined where it is not recorded. `parent` came from outside. What `must` be recorded is: a debugged request, and what follows
   * from a recorded invocation of Hawker's own. Others are, a few a second.
   */
  begin(name: string, options: SpanOptions, parent: TraceContext | undefined, must: boolean): Span | undefined;
  /**
   * Whether `begin` would record, at `now` (monotonic milliseconds), what need not be recorded. At once and without any effect: asked twenty thousand times a second where
   * links are redirected.
   */
  due(now: number): boolean;
}

let spans: Spans | undefined;

/** Turns traces on, or off again. */
export function useSpans(made: Spans | undefined): void {
  spans = made;
}

export function spansInUse(): Spans | undefined {
  return spans;
}
