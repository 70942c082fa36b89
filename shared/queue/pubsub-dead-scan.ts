/**
 * Goes through a subscription's dead letters. Pub/Sub hands out any of them in any order and has no list; so they are pulled and held
 * back until the end, when all that was not acknowledged is given back at once. A process that dies gives back nothing, and Pub/Sub does so after
 * HOLD_SECONDS.
 */
import type { Clock } from '../clock.ts';
import type { PubsubClient } from './pubsub-client.ts';
import { type DeadMessage, deadMessageOf, deadName } from './pubsub-dead-letters.ts';
import { explainPubsubError } from './pubsub-errors.ts';

const CALL_TIMEOUT_MS = 5_000;
const HOLD_SECONDS = 120;
const AT_ONCE = 100;
/** As many acknowledgements as fit into one request. */
const ACKS_AT_ONCE = 1_000;
/** Pub/Sub may answer nothing though there is something; after so many pulls in a row without anything new, there is nothing. */
const EMPTY_PULLS = 3;
const PAUSE_MS = 100;

export interface DeadScan {
  /** Ends the scan: when so many have been handed to `use`. */
  most: number;
  /** Only these, and no further once all were found. */
  ids?: readonly string[] | undefined;
  /** Is handed them in the order in which they died, as far as they came together. Those it puts into `done` are acknowledged, also when it throws. */
  use: (messages: DeadMessage[], done: DeadMessage[]) => Promise<void>;
}

export async function scanDeadLetters(
  client: PubsubClient,
  name: string,
  clock: Clock,
  { most, ids, use }: DeadScan,
): Promise<void> {
  const subscriber = await client.subscriber();
  const subscription = `projects/${client.pubsub.projectId}/subscriptions/${deadName(name)}`;
  const timeout = { timeout: CALL_TIMEOUT_MS };
  const wanted = ids && new Set(ids);
  /** By message, how to give it back. */
  const kept = new Map<string, string>();
  const seen = new Set<string>();

  /** Those that have not come before. */
  const pull = async (): Promise<DeadMessage[]> => {
    // Without `returnImmediately` an empty subscription would hold the call until it is cancelled.
    const request = { subscription, maxMessages: Math.min(AT_ONCE, wanted ? AT_ONCE : most), returnImmediately: true };
    const [{ receivedMessages }] = await subscriber.pull(request, timeout);
    const messages = (receivedMessages ?? []).flatMap((received) => deadMessageOf(received) ?? []);
    for (const { id, ackId } of messages) kept.set(id, ackId);
    await hold(
      messages.map(({ ackId }) => ackId),
      HOLD_SECONDS,
    );
    const fresh = messages.filter(({ id }) => !seen.has(id));
    for (const { id } of fresh) seen.add(id);
    return fresh.sort((a, b) => a.at.localeCompare(b.at));
  };

  const hold = async (ackIds: string[], ackDeadlineSeconds: number) => {
    for (let at = 0; at < ackIds.length; at += ACKS_AT_ONCE)
      await subscriber.modifyAckDeadline(
        { subscription, ackIds: ackIds.slice(at, at + ACKS_AT_ONCE), ackDeadlineSeconds },
        timeout,
      );
  };

  const useAndAcknowledge = async (messages: DeadMessage[]) => {
    const done: DeadMessage[] = [];
    try {
      await use(messages, done);
    } finally {
      for (const { id } of done) kept.delete(id);
      if (done.length > 0)
        await subscriber.acknowledge({ subscription, ackIds: done.map(({ ackId }) => ackId) }, timeout);
    }
  };

  try {
    let used = 0;
    for (let empty = 0; empty < EMPTY_PULLS && used < most && !(wanted?.size === 0); ) {
      const fresh = await pull();
      empty = fresh.length > 0 ? 0 : empty + 1;
      const chosen = fresh.filter(({ id }) => wanted?.delete(id) ?? true).slice(0, most - used);
      if (chosen.length > 0) await useAndAcknowledge(chosen);
      used += chosen.length;
      if (fresh.length === 0 && empty < EMPTY_PULLS) await clock.sleep(PAUSE_MS);
    }
  } catch (error) {
    throw explainPubsubError(error, `subscription ${deadName(name)}`);
  } finally {
    // Those that cannot be given back now come back by themselves.
    await hold([...kept.values()], 0).catch(() => undefined);
    await subscriber.close();
  }
}
