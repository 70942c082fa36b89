/**
 * A message function as an endpoint for pushes. What it answers is what Pub/Sub does next:
 *
 * | what happened | answer | Pub/Sub |
 * |---|---|---|
 * | handled | 204 | acks |
 * | an error that is not retryable, an unreadable event among them | 204, logged as an error | acks: no delivery of it could ever succeed |
 * | a retryable error, or no end before the ack deadline | the error's status (429, 5xx) | delivers again, further apart, then dead-letters |
 * | not our push, or larger than a message can be | 401, 413 | delivers again: a wrong setting loses nothing, and others get no further |
 */
import type { Clock } from '../clock.ts';
import type { MessageFunction } from '../define.ts';
import { AppError, isAppError, isRetryable } from '../errors.ts';
import type { Event } from '../events/event.ts';
import type { PushIdentity } from '../events/push-identity.ts';
import { eventFromRequest } from '../events/wire.ts';
import type { Ids } from '../ids.ts';
import type { Log } from '../log.ts';
import { beginDelivery } from '../telemetry/delivery.ts';
import { createApp } from './app.ts';
import { readBody } from './body.ts';

export interface MessageEndpointOptions {
  /** The subscription's, which is the function's too. */
  name: string;
  identity: PushIdentity;
  /** The subscription's, in milliseconds: Pub/Sub hangs up then. */
  ackDeadlineMs: number;
  log: Log;
  ids: Ids;
  clock: Clock;
}

/** 10 MB of data in base64, 100 attributes, and what JSON puts around them. */
const BODY_LIMIT = 14_000_000;

/** The answer has to be on its way before the deadline, or the event is delivered again though it was handled. */
const ANSWER_MARGIN = 0.05;

export function createMessageEndpoint(
  fn: Pick<MessageFunction, 'handle'>,
  options: MessageEndpointOptions,
): (request: Request) => Promise<Response> {
  const { name, identity, ackDeadlineMs, log, ids, clock } = options;
  const budgetMs = ackDeadlineMs * (1 - ANSWER_MARGIN);
  const app = createApp({ log, ids, clock, timeoutMs: ackDeadlineMs, handlersCarry: true });

  app.post('*', async function receive(c) {
    if (identity !== 'open') await identity(c.req.raw.headers);
    const body = await readBody(c.req.raw, BODY_LIMIT);
    const event = readEvent(c.req.raw.headers, body);
    c.set('carried', true);
    if (event) await handle(event, c.req.raw.signal);
    return c.body(null, 204);
  });

  function readEvent(headers: Headers, body: Uint8Array): Event | undefined {
    try {
      return eventFromRequest({ headers, body, receivedAt: new Date(clock.now()).toISOString() });
    } catch (error) {
      if (!isAppError(error, 'bad_request')) throw error;
      const fields = { reason: error.message, bytes: body.byteLength };
      beginDelivery({ log, clock, subscription: name, event: undefined, fields }).end('dropped', error);
      return undefined;
    }
  }

  async function handle(event: Event, hangUp: AbortSignal): Promise<void> {
    const delivery = beginDelivery({ log, clock, subscription: name, event });
    const answered = new AbortController();
    const overdue = new AbortController();
    const late = clock.sleep(budgetMs, answered.signal).then(() => {
      const error = new AppError('unavailable', 'the ack deadline passed');
      overdue.abort(error);
      throw error;
    });
    try {
      const signal = AbortSignal.any([hangUp, overdue.signal]);
      await Promise.race([delivery.run(() => fn.handle(event, { signal })), late]);
      delivery.end('done');
    } catch (error) {
      delivery.end(isRetryable(error) ? 'again' : 'dropped', error);
      if (isRetryable(error)) throw error;
    } finally {
      answered.abort();
    }
  }

  return async (request) => app.fetch(request);
}
