/** One alert whose time has come: told to its browser once, and what became of it noted. */
import { again, type Ending, readTold, toldAlert, toldWrite } from '#shared/bus/alert-records.ts';
import type { LeaveEvent, ToldAlert } from '#shared/bus/alerts.ts';
import type { Runtime } from '#shared/define.ts';
import { isAppError } from '#shared/errors.ts';
import type { Inbox } from '#shared/events/inbox.ts';
import type { SendPush } from '#shared/push/send.ts';
import type { EventHandler } from '#shared/queue/queue.ts';
import { notification } from './messages.ts';
import { parseLeave } from './schema.ts';

/** Longer than the ack deadline. */
const LEASE_MS = 40_000;
/** A browser that has lost its connection for a moment should still hear of a bus that is about to come, in seconds. */
const LEAST_TTL = 30;
/** The longest name of a message, RFC 8030 section 5.4. */
const TOPIC_LENGTH = 32;

export interface PushOptions extends Pick<Runtime, 'store' | 'clock' | 'log'> {
  inbox: Inbox;
  send: SendPush;
}

/**
 * Resolves when the alert has come to an end, by this delivery or an earlier one. Throws `invalid` for what is no such event, and what the push service's silence, the
 * inbox and the store throw, which is retryable.
 */
export function createPush({ inbox, send, store, clock, log }: PushOptions): EventHandler {
  return async (event, { signal }) => {
    const leave = parseLeave(event.data);
    let ending: Ending | undefined;
    const first = await inbox.once(event, LEASE_MS, async () => {
      ending = await tell(leave, signal).catch(async (error: unknown) => {
        const reason = isAppError(error) ? error.message : 'Something went wrong here';
        await note(leave, { state: 'telling', eta: leave.eta, reason });
        throw error;
      });
      return [];
    });
    // Noted after the inbox has ended the event: a note that is refused must not bring the event back, and the notification with it.
    if (first && ending) await note(leave, ending);
  };

  async function tell(leave: LeaveEvent, signal: AbortSignal): Promise<Ending> {
    const { alert, target, eta, until } = leave;
    const now = clock.now();
    const left = Date.parse(eta) - now;
    if (left <= 0) return { state: 'expired', eta, reason: 'The bus had come before the browser could be told' };
    if (Date.parse(until) <= now) return { state: 'expired', eta, reason: 'The browser could not be told in time' };
    const ttl = Math.max(LEAST_TTL, Math.floor(left / 1000));
    const topic = alert.slice(0, TOPIC_LENGTH);
    const sent = await send({ target, text: notification(leave, now), ttl, topic }, signal);
    if (sent.outcome === 'sent') return { state: 'sent', eta };
    return {
      state: 'failed',
      eta,
      reason: sent.outcome === 'gone' ? 'The browser does not take notifications any more' : sent.reason,
    };
  }

  /** Whether or not `bus-alerts` has come to move the alert yet. An asking that came to its end later is left as it is. Never throws: it is news, and no more. */
  async function note(leave: LeaveEvent, ending: Ending): Promise<void> {
    const { alert: id, madeAt } = leave;
    const isOlderNews = (told: ToldAlert) =>
      ending.state === 'telling' && told.madeAt === madeAt && told.state !== 'telling';
    try {
      await again(async () => {
        const told = await readTold(store, id);
        if (told && (told.value.madeAt > madeAt || isOlderNews(told.value))) return;
        const now = clock.now();
        await store.commit([toldWrite(id, toldAlert(leave, ending, now), told, now)]);
      });
    } catch (error) {
      log.warn('what became of an alert could not be noted', { alert: id, state: ending.state, error });
    }
  }
}
