/**
 * Hands the messages of one subscription to a handler, over one streaming pull whose flow control is the concurrency.
 *
 * The library hands out messages of one ordering key in order but does not wait for one before the next, so they wait here: one at a time,
 * and when one has to come again, those behind it go back too, as Pub/Sub will deliver all of them anew in their order. What the server sends
 * beyond the concurrency waits here as well, and not in the library, which would hold on to it when told to stop.
 * The last failure moves an event to the dead letters here, with its reason, which Pub/Sub's own policy would not keep; that policy catches
 * what makes a process crash. A stream that ends by itself is opened again, further apart each time.
 */
import type { Message, Subscription, SubscriptionOptions } from '@google-cloud/pubsub';
import type { Clock } from '../clock.ts';
import { AppError, isRetryable, messageOf } from '../errors.ts';
import type { Event } from '../events/event.ts';
import { eventFromPubsubMessage } from '../events/pubsub-message.ts';
import type { Ids } from '../ids.ts';
import type { Log } from '../log.ts';
import { backoffMs } from '../retry.ts';
import { beginDelivery } from '../telemetry/delivery.ts';
import type { PubsubClient } from './pubsub-client.ts';
import { deadMessage, deadName } from './pubsub-dead-letters.ts';
import type { Consumer, EventHandler, SubscriptionSpec } from './queue.ts';
import { settledWithin } from './settled-within.ts';

const BURY_TIMEOUT_MS = 10_000;
const REOPEN = { baseMs: 1_000, maxMs: 30_000 };
/** Of the time to stop, what the last nacks need to get out. */
const NACK_SHARE = 0.1;

export interface PubsubConsumerOptions {
  /** Resolves when the subscription can be opened. */
  open: () => Promise<PubsubClient>;
  clock: Clock;
  ids: Ids;
  log: Log;
}

export function createPubsubConsumer(
  spec: SubscriptionSpec,
  handler: EventHandler,
  { open, clock, ids, ...options }: PubsubConsumerOptions,
): Consumer {
  const log = options.log.with({ subscription: spec.name });
  const settings: SubscriptionOptions = {
    flowControl: { maxMessages: spec.concurrency, allowExcessMessages: true },
    streamingOptions: { maxStreams: 1 },
  };
  /** What ends a handler that is still under way. */
  const running = new Set<(reason: string) => void>();
  /** What has come and not begun, in the order in which it came. */
  let waiting: Message[] = [];
  /** The ordering keys that are being worked on. */
  const busyKeys = new Set<string>();
  const stopping = new AbortController();
  let client: PubsubClient | undefined;
  let subscription: Subscription | undefined;
  let failures = 0;

  const start = async () => {
    try {
      client = await open();
      if (stopping.signal.aborted) return;
      subscription ??= listen(client.pubsub.subscription(spec.name, settings));
      if (!subscription.isOpen) subscription.open();
    } catch (error) {
      log.error('a subscription cannot be opened', { error });
      startAgain();
    }
  };

  const startAgain = () => {
    failures++;
    clock.sleep(backoffMs(failures, { ...REOPEN, ids }), stopping.signal).then(start, () => undefined);
  };

  /** Opens the stream: the library does so for whoever listens to messages. */
  const listen = (from: Subscription) =>
    from
      .on('error', (error: Error) => log.error('a subscription broke off', { error }))
      .on('close', () => !stopping.signal.aborted && startAgain())
      .on('message', receive);

  const receive = (message: Message) => {
    failures = 0;
    if (stopping.signal.aborted) return message.nack();
    waiting.push(message);
    next();
  };

  /** Begins whatever may be begun. */
  const next = () => {
    while (running.size < spec.concurrency) {
      const index = waiting.findIndex(({ orderingKey }) => !orderingKey || !busyKeys.has(orderingKey));
      const [message] = index < 0 ? [] : waiting.splice(index, 1);
      if (!message) return;
      void deliver(message);
    }
  };

  const deliver = async (message: Message) => {
    const key = message.orderingKey;
    if (key) busyKeys.add(key);
    const done = await handle(message);
    if (done) message.ack();
    else sendBack([message, ...waiting.filter(({ orderingKey }) => key && orderingKey === key)]);
    if (key) busyKeys.delete(key);
    next();
  };

  const sendBack = (messages: Message[]) => {
    waiting = waiting.filter((message) => !messages.includes(message));
    for (const message of messages) message.nack();
  };

  /** Answers whether the message is done with. */
  const handle = async (message: Message): Promise<boolean> => {
    const abort = new AbortController();
    const cut = Promise.withResolvers<never>();
    const cutOff = (reason: string) => {
      const error = new AppError('unavailable', reason);
      abort.abort(error);
      cut.reject(error);
    };
    const deadline = setTimeout(cutOff, spec.ackDeadlineMs, `the handler did not end within ${spec.ackDeadlineMs} ms`);
    running.add(cutOff);
    const { event, unreadable } = read(message);
    const fields = { messageId: message.id, attempt: message.deliveryAttempt || undefined };
    const delivery = beginDelivery({ log, clock, subscription: spec.name, event, fields });
    try {
      if (!event) throw unreadable;
      await Promise.race([delivery.run(() => handler(event, { signal: abort.signal })), cut.promise]);
      delivery.end('done');
    } catch (error) {
      const last = message.deliveryAttempt >= spec.maxAttempts;
      delivery.end(isRetryable(error) ? (last ? 'dead' : 'again') : 'dropped', error);
      if (isRetryable(error)) return last && (await bury(message, messageOf(error)));
    } finally {
      clearTimeout(deadline);
      running.delete(cutOff);
    }
    return true;
  };

  const read = (message: Message): { event?: Event; unreadable?: unknown } => {
    try {
      return { event: eventFromPubsubMessage(message, { subscription: subscription?.name, topic: spec.topic }) };
    } catch (error) {
      return { unreadable: error };
    }
  };

  /** Answers whether the dead letters have it now; where they have not, Pub/Sub's own policy will put it there. */
  const bury = async (message: Message, reason: string): Promise<boolean> => {
    try {
      const topic = client?.pubsub.topic(deadName(spec.name), { gaxOpts: { timeout: BURY_TIMEOUT_MS } });
      await topic?.publishMessage(deadMessage(message, spec.name, reason));
      return true;
    } catch (error) {
      log.warn('a dead letter could not be written', { error });
      return false;
    }
  };

  void start();

  return {
    async stop(withinMs) {
      stopping.abort();
      sendBack(waiting);
      if (!client || !subscription) return;
      const { duration } = client;
      // The library must not nack what is still being worked on: that is for the timer below.
      subscription.setOptions({ ...settings, closeOptions: { behavior: 'WAIT', timeout: duration(withinMs + 2_000) } });
      const cut = setTimeout(
        () => {
          for (const cutOff of running) cutOff('the process had to end before the handler did');
        },
        withinMs * (1 - NACK_SHARE),
      );
      await settledWithin(subscription.close(), withinMs);
      clearTimeout(cut);
    },
  };
}
