/** Events as part of the trace of what makes them. */
import { outgoingTraceparent } from '../telemetry/scope.ts';
import { TRACEPARENT } from '../telemetry/trace-context.ts';
import type { NewEvent } from './event.ts';

/** Pub/Sub takes a hundred attributes, and the event's own context is some of them: an event must not become too large by being observed. */
const MOST_ATTRIBUTES = 80;

/** The same event with the `traceparent` of whatever runs now; itself where it has one, or there is none. */
export function traced(event: NewEvent): NewEvent {
  const traceparent = outgoingTraceparent();
  const { attributes = {} } = event;
  if (traceparent === undefined || TRACEPARENT in attributes) return event;
  if (Object.keys(attributes).length >= MOST_ATTRIBUTES) return event;
  return { ...event, attributes: { ...attributes, [TRACEPARENT]: traceparent } };
}
