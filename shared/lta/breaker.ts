/** Leaves LTA alone for a while after it has failed several times in a row, so that an outage costs neither side more than a few calls. */
import type { Clock } from '../clock.ts';
import type { Ids } from '../ids.ts';
import type { Log } from '../log.ts';
import { type FeedState, type FeedTrouble, type LtaError, TTL_MS } from './lta.ts';

/** Why nobody is asked now, and for how long. */
export interface Obstacle {
  reason: FeedTrouble;
  httpStatus?: number;
  /** In how many milliseconds an attempt may begin, as far as that can be told. */
  waitMs: number;
}

/** One call that was let through. Exactly one of the two is told of it, once. */
export interface Attempt {
  succeeded(): void;
  failed(error: LtaError): void;
}

/**
 * One machine for all stops together.
 *
 * **Closed**, as it begins: every attempt may begin. Failures in a row are counted; a success sets the count to nothing. A failure that says something of LTA as a whole
 * counts each time: no answer, a redirect, a status of 5xx, 401, 403 or 429. One that may be the fault of its stop (404, another status, a body that cannot be read)
 * counts once for each stop. The fifth opens it. Two need no fifth: 429 with Retry-After opens it for as long as that asks, 1 second to 10 minutes; and a refused key
 * opens it at once, since the same key is refused the next time too. As LTA's outages have looked like a refused key, that lasts no longer than after any other failure.
 *
 * **Open**: no attempt may begin, first for 10 seconds. `obstacle` names the trouble that opened it, which tells people more than that it is open.
 *
 * **Half-open**, when that time is over: one attempt at a time may begin, the probe. A success closes the machine. A failure opens it again, for 20 seconds, so that an
 * outage costs no more than one stop does and its end shows as soon as any news, and no shorter than a Retry-After asks; up to a tenth is added at random, so that
 * processes do not come back together. A probe whose failure may be the fault of its stop decides nothing, and the next may begin; the fifth such stop counts as a
 * failure, as above.
 *
 * Attempts that began before the last change of state, when their outcome comes later:
 * - a failure is no news and changes nothing, except that a Retry-After is obeyed, by opening it or by staying open for longer;
 * - a success closes it, since LTA answers, unless 429 opened it: then it was let in before the limit was reached.
 */
export interface Breaker {
  /** Undefined where an attempt may begin. */
  obstacle(): Obstacle | undefined;
  /** Only where there is no obstacle. In half-open this is the probe, and there is an obstacle until its outcome is told. */
  begin(stop: string): Attempt;
  state(): FeedState['breaker'];
}

const FAILURES = 5;
const FIRST_MS = 10_000;
const AGAIN_MS = TTL_MS;
const LEAST_RETRY_AFTER_MS = 1_000;
const MOST_RETRY_AFTER_MS = 600_000;
/** What is told to those who come while a probe is under way; most calls take less. */
const PROBE_MS = 1_000;

interface Opening {
  trouble: { reason: FeedTrouble; httpStatus?: number };
  since: number;
  until: number;
}

export function createBreaker({ clock, ids, log }: { clock: Clock; ids: Ids; log: Log }): Breaker {
  let opening: Opening | undefined;
  /** Changes with every change of state but the passing of time, which no attempt begins in. */
  let era = 0;
  let probe: Attempt | undefined;
  let failures = 0;
  let failingStops = new Set<string>();

  const count = () => failures + failingStops.size;
  const forget = () => {
    failures = 0;
    failingStops = new Set();
  };

  function open(error: LtaError, until: number): void {
    const now = clock.mono();
    const { trouble: reason, httpStatus } = error;
    if (!opening)
      log.warn('LTA DataMall fails and is left alone for a while', {
        reason,
        httpStatus,
        forMs: Math.round(until - now),
      });
    const trouble = { reason, ...(httpStatus !== undefined && { httpStatus }) };
    opening = { trouble, since: opening?.since ?? now, until };
    era++;
    forget();
  }

  function close(): void {
    forget();
    if (!opening) return;
    log.info('LTA DataMall answers again', { afterMs: Math.round(clock.mono() - opening.since) });
    opening = undefined;
    era++;
  }

  function failedNow(stop: string, error: LtaError): void {
    if (concernsAll(error)) failures++;
    else failingStops.add(stop);
    const asked = askedToWait(error);
    const now = clock.mono();
    if (!opening) {
      if (count() < FAILURES && asked === undefined && error.trouble !== 'key_refused') return;
      open(error, now + (asked ?? jittered(FIRST_MS)));
    } else if (concernsAll(error) || count() >= FAILURES) {
      open(error, now + Math.max(asked ?? 0, jittered(AGAIN_MS)));
    }
  }

  function failedLate(error: LtaError): void {
    const asked = askedToWait(error);
    if (asked === undefined) return;
    open(error, Math.max(clock.mono() + asked, opening?.until ?? 0));
  }

  const jittered = (ms: number) => ms * (1 + ids.random() / 10);

  return {
    state: () => (!opening ? 'closed' : clock.mono() < opening.until ? 'open' : 'half-open'),

    obstacle() {
      if (!opening) return undefined;
      const left = opening.until - clock.mono();
      if (left <= 0 && !probe) return undefined;
      return { ...opening.trouble, waitMs: left > 0 ? left : PROBE_MS };
    },

    begin(stop) {
      const born = era;
      const settled = () => {
        if (probe === attempt) probe = undefined;
      };
      const attempt: Attempt = {
        succeeded() {
          settled();
          if (born === era || opening?.trouble.reason !== 'rate_limited') close();
        },
        failed(error) {
          settled();
          if (born === era) failedNow(stop, error);
          else failedLate(error);
        },
      };
      if (opening) probe = attempt;
      return attempt;
    },
  };
}

function concernsAll({ trouble, httpStatus = 0 }: LtaError): boolean {
  if (trouble === 'bad_status') return httpStatus >= 500;
  return trouble !== 'not_found' && trouble !== 'bad_body' && trouble !== 'too_large';
}

/** Milliseconds. */
function askedToWait({ trouble, retryAfterMs }: LtaError): number | undefined {
  if (trouble !== 'rate_limited' || retryAfterMs === undefined) return undefined;
  return Math.min(MOST_RETRY_AFTER_MS, Math.max(LEAST_RETRY_AFTER_MS, retryAfterMs));
}
