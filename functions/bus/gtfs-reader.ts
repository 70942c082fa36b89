/** A feed as a standard reader sees it, for tests. */
import assert from 'node:assert/strict';
import bindings from 'gtfs-realtime-bindings';

const { FeedMessage } = bindings.transit_realtime;

/** Enums by name. Throws where a required field is missing, and where there is a field that the specification does not know. */
// biome-ignore lint/suspicious/noExplicitAny: tests look into any feed
export function readFeed(bytes: Uint8Array): any {
  const message = FeedMessage.decode(bytes);
  assert.equal(FeedMessage.verify(message), null);
  assert.deepEqual(unknownIn(message), []);
  return FeedMessage.toObject(message, { enums: String, longs: Number });
}

function unknownIn(message: unknown): unknown[] {
  if (typeof message !== 'object' || message === null || message instanceof Uint8Array) return [];
  const own = '$unknowns' in message ? (message.$unknowns as unknown[]) : [];
  return [...own, ...Object.values(message).flatMap(unknownIn)];
}
