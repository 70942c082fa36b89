/**
 * A queue whose publications are steps of what publishes, and carry its trace: https://opentelemetry.io/docs/specs/semconv/messaging/messaging-spans/
 *
 * The trace travels as the attribute `traceparent` of the event, which is CloudEvents' own extension for it, so it is there after every redelivery. An event that has
 * one keeps it, as one from the outbox, whose trace is that of the commit; the publication then only points to it.
 */
import { traced } from '../events/traced.ts';
import { errorTypeOf } from '../telemetry/error-type.ts';
import { measuring, record, recorder } from '../telemetry/metrics.ts';
import { observe } from '../telemetry/observe.ts';
import { currentScope } from '../telemetry/scope.ts';
import { parseTraceparent, TRACEPARENT } from '../telemetry/trace-context.ts';
import type { Queue } from './queue.ts';

export function observedQueue(queue: Queue, system: 'hawker_embedded' | 'gcp_pubsub'): Queue {
  const labelsOf = (topic: string) =>
    ({
      'messaging.system': system,
      'messaging.operation.name': 'publish',
      'messaging.destination.name': topic,
    }) as const;
  const took = new Map<string, (seconds: number) => void>();

  /** What no invocation waits for, such as the hits of redirects from memory, twenty thousand a second: a step for each would show. */
  const measured = (topic: string, publish: () => Promise<void>): Promise<void> => {
    if (!measuring()) return publish();
    const labels = labelsOf(topic);
    let ok = took.get(topic);
    if (!ok) {
      ok = recorder('messaging.client.operation.duration', labels);
      took.set(topic, ok);
    }
    const began = performance.now();
    const published = publish();
    published.then(
      () => ok((performance.now() - began) / 1_000),
      (error: unknown) =>
        record('messaging.client.operation.duration', (performance.now() - began) / 1_000, {
          ...labels,
          'error.type': errorTypeOf(error),
        }),
    );
    return published;
  };

  return {
    ...queue,
    publish(topic, event, options) {
      if (currentScope() === undefined) return measured(topic, () => queue.publish(topic, event, options));
      const own = event.attributes?.[TRACEPARENT];
      const labels = labelsOf(topic);
      const from = parseTraceparent(own);
      const link = from?.traceId === currentScope()?.trace?.traceId ? undefined : from;
      return observe(
        {
          name: `publish ${topic}`,
          kind: 'producer',
          attributes: { ...labels, 'messaging.operation.type': 'send', 'messaging.message.id': event.id },
          ...(link && { link }),
          measures: { metric: 'messaging.client.operation.duration', labels },
        },
        () => queue.publish(topic, traced(event), options),
      );
    },
  };
}
