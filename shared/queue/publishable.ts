/** What every queue asks of a publication, whichever driver carries it. */
import type { NewEvent } from '../events/event.ts';
import { toPubsubMessage } from '../events/pubsub-message.ts';
import { assertOrderingKey } from './ordering-key.ts';

/** Throws what `publish` would throw for this event wherever it came from: `invalid`, `too_large`. */
export function assertPublishable(event: NewEvent, orderingKey?: string): void {
  if (orderingKey) assertOrderingKey(orderingKey);
  toPubsubMessage(event);
}
