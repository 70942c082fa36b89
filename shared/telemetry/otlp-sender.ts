/**
 * Brings one kind of telemetry to the collector: packed, bounded in time, again where that may help, as https://opentelemetry.io/docs/specs/otlp/#failures-1 has it.
 *
 * What it is given is taken or lost, and whoever gives it learns which. From the first attempt that fails until one is taken the collector counts as away, and
 * nobody who has something better to do should wait for it.
 */
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Clock } from '../clock.ts';
import { isAppError, isRetryable, messageOf } from '../errors.ts';
import type { Answer } from '../google/ask.ts';
import { NoAnswer } from '../google/attempt.ts';
import { readRetryAfter } from '../http/retry-after.ts';
import type { Ids } from '../ids.ts';
import { backoffMs } from '../retry.ts';
import type { Signal } from './collector.ts';
import type { CollectorTroubles } from './collector-troubles.ts';
import type { Post } from './otlp-post.ts';
import { saidOf, strangeType } from './otlp-said.ts';

export interface OtlpSender {
  readonly away: boolean;
  /** Whether the collector has asked for a while without requests. */
  readonly resting: boolean;
  /** `count`: what is lost where it is not taken. Tries for `withinMs` at most, and ends with the signal. Never rejects. */
  send(body: Uint8Array, count: number, withinMs: number, signal: AbortSignal): Promise<boolean>;
}

/** What an attempt came to; empty where all is well. */
type Outcome = { failure?: Failed; strange?: string };

type Refused = { count: number; reason: string } | undefined;

export interface OtlpSenderOptions {
  signal: Signal;
  post: Post;
  /** Throws where an answer is none. */
  decodeRefused: (answer: Uint8Array) => Refused | Promise<Refused>;
  troubles: CollectorTroubles;
  clock: Clock;
  ids: Ids;
  /** Called when the collector is away, having been there. */
  onAway?: () => void;
}

const ATTEMPT_MS = 10_000;
/** Answers are a few bytes; a collector that sends more is not read further. */
const ANSWER_BYTES = 65_536;
const PACK_FROM_BYTES = 1_024;
const BACKOFF = { baseMs: 1_000, maxMs: 8_000 };
/** https://opentelemetry.io/docs/specs/otlp/#retryable-response-codes */
const RETRYABLE = new Set([429, 502, 503, 504]);

function pack(plain: Uint8Array): Promise<Buffer> {
  return promisify(gzip)(plain);
}

interface Failed {
  reason: string;
  again: boolean;
  /** Told at once, though it is tried again: nobody answers. */
  unanswered?: boolean;
  /** Milliseconds that the collector wants to be left alone for. */
  restMs?: number;
}

export function createOtlpSender(options: OtlpSenderOptions): OtlpSender {
  const { signal: kind, post, decodeRefused, troubles, clock, ids, onAway } = options;
  let away = false;
  let everTaken = false;
  let restsUntil = Number.NEGATIVE_INFINITY;

  async function attempt(
    body: Uint8Array<ArrayBuffer>,
    gzipped: boolean,
    ms: number,
    signal: AbortSignal,
  ): Promise<Outcome> {
    try {
      const answer = await post(kind, body, gzipped, { ms, bytes: ANSWER_BYTES, signal });
      if (answer.status < 200 || answer.status > 299) return { failure: failureOf(answer, clock) };
      await tellRefused(answer);
      const strange = strangeType(answer);
      return strange === undefined ? {} : { strange };
    } catch (error) {
      // Of the errors of getting a token, those that may pass; of all others, nothing is known but that there was no answer.
      const again = !isAppError(error) || isRetryable(error);
      return { failure: { reason: messageOf(error), again, unanswered: isUnanswered(error) } };
    }
  }

  async function tellRefused({ headers, bytes }: Answer): Promise<void> {
    if (bytes.byteLength === 0 || !/protobuf/.test(headers.get('content-type') ?? '')) return;
    try {
      const refused = await decodeRefused(bytes);
      if (refused) troubles.refused(refused.count, refused.reason);
    } catch {
      // It was taken, whatever else was said.
    }
  }

  /** A connection that was kept open and then broke is replaced by the next attempt, and nothing to tell. */
  function isUnanswered(error: unknown): boolean {
    if (!(error instanceof NoAnswer)) return false;
    return error.trouble === 'not connected' || error.trouble === 'late' || (error.trouble === 'lost' && !everTaken);
  }

  function failed({ reason, unanswered, restMs = 0 }: Failed): void {
    if (unanswered) troubles.lost(0, reason);
    restsUntil = Math.max(restsUntil, clock.mono() + restMs);
    if (away) return;
    away = true;
    onAway?.();
  }

  return {
    get away() {
      return away;
    },
    get resting() {
      return clock.mono() < restsUntil;
    },
    async send(plain, count, withinMs, signal) {
      const deadline = clock.mono() + withinMs;
      const gzipped = plain.byteLength > PACK_FROM_BYTES;
      const body = gzipped ? new Uint8Array(await pack(plain)) : new Uint8Array(plain);
      for (let attempts = 1; ; attempts++) {
        const left = deadline - clock.mono();
        const { failure, strange } = await attempt(body, gzipped, Math.max(1, Math.min(ATTEMPT_MS, left)), signal);
        if (!failure) {
          away = false;
          everTaken = true;
          // It is not sent again: whoever answers so would say the same once more.
          if (strange === undefined) troubles.taken();
          else troubles.strange(`answers as no collector does: ${strange}`);
          return true;
        }
        failed(failure);
        const wait = Math.max(backoffMs(attempts, { ...BACKOFF, ids }), restsUntil - clock.mono());
        const inTime = failure.again && !signal.aborted && clock.mono() + wait < deadline;
        const waited = inTime && (await slept(clock, wait, signal));
        if (waited) continue;
        troubles.lost(count, failure.reason);
        return false;
      }
    },
  };
}

function failureOf(answer: Answer, clock: Clock): Failed {
  const { status, headers } = answer;
  const restMs = readRetryAfter(headers.get('retry-after'), clock.now());
  const again = RETRYABLE.has(status);
  const said = saidOf(answer);
  return {
    reason: `it answers ${status}${said && `: ${said}`}`,
    again,
    ...(again && restMs !== undefined && { restMs }),
  };
}

function slept(clock: Clock, ms: number, signal: AbortSignal): Promise<boolean> {
  return clock.sleep(ms, signal).then(
    () => true,
    () => false,
  );
}
