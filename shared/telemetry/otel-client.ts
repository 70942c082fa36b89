/**
 * OpenTelemetry's own code, loaded only where traces are sent: what makes spans.
 *
 * Which spans are made is decided before (trace-rate.ts), so all that are made here are recorded; and what they belong to is handed over, since scope.ts keeps it.
 */
import { ROOT_CONTEXT, TraceFlags, trace } from '@opentelemetry/api';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { AlwaysOnSampler, type ReadableSpan, TracerProvider } from '@opentelemetry/sdk-trace';
import type { Spans } from './spans.ts';
import type { TraceRate } from './trace-rate.ts';

export type { ReadableSpan } from '@opentelemetry/sdk-trace';

export interface SpansOptions {
  resource: Record<string, string>;
  version: string;
  rate: TraceRate;
  /** Of each recorded invocation, as it begins. */
  onBegin: () => void;
  /** Of each span, as it ends. */
  onEnd: (span: ReadableSpan) => void;
}

/** Whatever a bug may put into a span, it stays small. */
const LIMITS = {
  attributeValueLengthLimit: 1_024,
  attributeCountLimit: 64,
  eventCountLimit: 32,
  linkCountLimit: 32,
  attributePerEventCountLimit: 16,
  attributePerLinkCountLimit: 16,
};

export function createSpans({ resource, version, rate, onBegin, onEnd }: SpansOptions): Spans {
  const nothing = () => Promise.resolve();
  const provider = new TracerProvider({
    resource: resourceFromAttributes(resource),
    sampler: new AlwaysOnSampler(),
    spanLimits: LIMITS,
    spanProcessors: [{ onStart: () => undefined, onEnd, forceFlush: nothing, shutdown: nothing }],
  });
  const tracer = provider.getTracer('hawker', version);
  return {
    due: rate.due,
    start: (name, options, parent) => tracer.startSpan(name, options, trace.setSpan(ROOT_CONTEXT, parent)),
    begin(name, options, parent, must) {
      if (!rate.admit(parent, must)) return undefined;
      onBegin();
      if (!parent) return tracer.startSpan(name, options, ROOT_CONTEXT);
      const { traceId, spanId, sampled } = parent;
      const traceFlags = sampled ? TraceFlags.SAMPLED : TraceFlags.NONE;
      const context = trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags, isRemote: true });
      return tracer.startSpan(name, options, context);
    },
  };
}
