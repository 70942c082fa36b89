/** Asks Google for what changes nothing, up to four times. */
import type { Clock } from '../clock.ts';
import { type AppError, isAppError } from '../errors.ts';
import type { Ids } from '../ids.ts';
import type { Log } from '../log.ts';
import { backoffMs } from '../retry.ts';
import type { Answer } from './ask.ts';
import { NoAnswer } from './attempt.ts';
import { noAnswerFailure } from './failures.ts';
import { type Refusal, readRefusal } from './refusal.ts';

export interface Rig {
  clock: Clock;
  ids: Ids;
  log: Log;
}

export interface AskAgainOptions {
  /** Makes one attempt, after so many before it; throws NoAnswer, and AppErrors that are final. */
  attempt: (resends: number) => Promise<Answer>;
  api: string;
  /** Gives a refusal its name; it is asked again where that is `unavailable` or `too_many_requests`. */
  failure: (refusal: Refusal) => Promise<AppError>;
  signal: AbortSignal;
}

const ATTEMPTS = 4;
const BACKOFF = { baseMs: 500, maxMs: 8_000 };
/** Nobody holds a request open for longer; who waits in a queue does so outside. */
export const LONGEST_WAIT_MS = 60_000;

/** Answers 2xx alone. Waits as `Retry-After` says, at least with a growing backoff; throws what was wrong last (AppError) as soon as it need not wait any more. */
export async function askAgain(options: AskAgainOptions, rig: Rig): Promise<Answer> {
  const { attempt, api, signal } = options;
  const { clock, ids, log } = rig;
  for (let tries = 1; ; tries++) {
    let wait = backoffMs(tries, { ...BACKOFF, ids });
    const failure = await attempt(tries - 1).then(
      async (answer) => {
        if (answer.status >= 200 && answer.status < 300) return answer;
        const refusal = readRefusal(answer, clock.now());
        wait = Math.max(wait, refusal.retryAfterMs ?? 0);
        return options.failure(refusal);
      },
      (error: unknown) => {
        if (!(error instanceof NoAnswer)) throw error;
        return noAnswerFailure(error, api);
      },
    );
    if (!(failure instanceof Error)) return failure;
    const worthIt = isAppError(failure, 'unavailable') || isAppError(failure, 'too_many_requests');
    if (!worthIt || signal.aborted || tries >= ATTEMPTS || wait > LONGEST_WAIT_MS) throw failure;
    log.info('Google is asked again', { api, code: failure.code, tries, wait_ms: Math.round(wait) });
    await clock.sleep(wait, signal).catch(() => {
      throw failure;
    });
  }
}
