/**
 * Steps of an invocation that somebody may want to know the duration of: calls to the store, the queue, a lease, another service; a conversion; a migration.
 *
 * Each counts in the line of its invocation. Where the invocation is traced it is a span; where metrics are taken and the step names a histogram, it is measured
 * there. Where all of it is off, a step costs two readings of the clock.
 */
import type { Attributes, Span, SpanOptions } from '@opentelemetry/api';
import { errorTypeOf } from './error-type.ts';
import type { HistogramName, LabelsOf } from './metric-table.ts';
import { measuring, record } from './metrics.ts';
import { currentScope, runInScope, type Scope } from './scope.ts';
import { SPAN_KIND, STATUS_ERROR, spansInUse } from './spans.ts';
import type { TraceContext } from './trace-context.ts';

export interface Step<M extends HistogramName = HistogramName, T = unknown> {
  /** Lower case, dots between: `store.commit`. One of a few, never with an id in it. */
  name: string;
  kind?: keyof typeof SPAN_KIND;
  /** Where it is known only afterwards: when it began, as `performance.now()` says. */
  began?: number;
  /** Of the span alone; may hold ids. Never a secret. */
  attributes?: Attributes;
  /** Another trace that it has to do with. */
  link?: TraceContext;
  /** In seconds, with these labels; `error.type` is added where the table has it and the step fails. */
  measures?: { metric: M; labels: Omit<LabelsOf<M>, 'error.type'> };
  /** Whether an error is a failure of the step, rather than an answer such as `conflict`; always, where absent. */
  isFailure?: (error: unknown) => boolean;
  /** What `error.type` is of an answer that was not thrown and is a failure all the same, such as a status of HTTP. */
  failureOf?: (answer: T) => string | undefined;
}

/** Whether anybody would learn of a step: for paths where even making one would show. */
export function observing(): boolean {
  return measuring() || currentScope() !== undefined;
}

/** `work` gets the span, where there is one, for what is known only later. */
export async function observe<T, M extends HistogramName>(
  step: Step<M, T>,
  work: (span: Span | undefined) => Promise<T>,
): Promise<T> {
  const { began = performance.now() } = step;
  const scope = currentScope();
  const span = scope?.span && spansInUse()?.start(step.name, spanOptions(step), scope.span);
  let failed: string | undefined;
  let thrown: string | undefined;
  try {
    const answer = await (span && scope ? runInScope(within(scope, span), () => work(span)) : work(undefined));
    failed = step.failureOf?.(answer);
    return answer;
  } catch (error) {
    thrown = errorTypeOf(error);
    if (step.isFailure?.(error) ?? true) failed = thrown;
    throw error;
  } finally {
    const ms = performance.now() - began;
    if (scope) countStep(scope.invocation.steps, step.name, ms);
    if (scope?.invocation.debug)
      tellStep(step, { scope: span ? within(scope, span) : scope, ms, code: failed ?? thrown });
    if (step.measures) {
      const labels = { ...step.measures.labels, ...(failed !== undefined && { 'error.type': failed }) };
      record(step.measures.metric, ms / 1000, labels as LabelsOf<M>, span?.spanContext());
    }
    if (span) {
      if (failed !== undefined)
        span.setAttribute('error.type', failed).setStatus({ code: STATUS_ERROR, message: failed });
      span.end(step.began === undefined ? undefined : performance.timeOrigin + began + ms);
    }
  }
}

/** A line for whoever debugs the invocation; in the scope of the step, whose span it names. */
function tellStep<M extends HistogramName, T>(
  { name, attributes, measures }: Step<M, T>,
  { scope, ms, code }: { scope: Scope; ms: number; code: string | undefined },
): void {
  const fields = {
    step: name,
    ms: Math.round(ms * 10) / 10,
    ...attributes,
    ...measures?.labels,
    ...(code && { code }),
  };
  runInScope(scope, () => scope.invocation.log?.debug(`step ${name}`, fields));
}

function within(scope: Scope, span: Span): Scope {
  const { traceId, spanId } = span.spanContext();
  return { ...scope, span, trace: { traceId, spanId, sampled: true } };
}

function spanOptions({
  kind = 'internal',
  attributes = {},
  link,
  began,
}: Pick<Step, 'kind' | 'attributes' | 'link' | 'began'>): SpanOptions {
  const startTime = began === undefined ? undefined : performance.timeOrigin + began;
  const options = { kind: SPAN_KIND[kind], attributes, ...(startTime !== undefined && { startTime }) };
  if (!link) return options;
  const { traceId, spanId, sampled } = link;
  return { ...options, links: [{ context: { traceId, spanId, traceFlags: sampled ? 1 : 0, isRemote: true } }] };
}

function countStep(steps: Map<string, { times: number; ms: number }>, name: string, ms: number): void {
  const before = steps.get(name);
  if (before) {
    before.times++;
    before.ms += ms;
  } else steps.set(name, { times: 1, ms });
}
