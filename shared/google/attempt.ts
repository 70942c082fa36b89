/** One attempt to reach Google: what ends it, and what its failure is called. */
import type { Clock } from '../clock.ts';
import { codeOf, isBadPort, neverConnected } from '../http/failed-fetch.ts';

/**
 * `no time`: the signal aborted. `late`: more than `ms` went by. `not connected`: Google has seen nothing of the request; with all others it may have.
 * `too large`: there is an answer, and it is not read to its end.
 */
export type Trouble = 'no time' | 'late' | 'not connected' | 'lost' | 'too large';

/** Its message is one clause that goes on from "Google"; it has no cause, since fetch's errors hold addresses. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer';
  readonly trouble: Trouble;

  constructor(trouble: Trouble, message: string) {
    super(message);
    this.trouble = trouble;
  }

  /** What it is called where errors are counted (telemetry/error-type.ts). */
  get code(): string {
    return this.trouble.replaceAll(' ', '_');
  }
}

/** Of what Google says when it refuses; nobody reads further. */
export const MOST_REFUSAL_BYTES = 262_144;

export interface Attempt {
  /** For fetch. */
  signal: AbortSignal;
  /** Ends the attempt as `late` where the work takes longer than `ms`; `message` is NoAnswer's. */
  inTime<T>(work: () => Promise<T>, ms: number, message: string): Promise<T>;
  /** What a failure is called: by what ended the attempt, whatever fetch throws then, or else by what became of the connection. */
  named(error: unknown): unknown;
  /** Ends what is not read to its end; an answer that was keeps its connection. Needed in any case. */
  end(): void;
}

/** Throws NoAnswer where `asked`, the signal of whoever asks, has aborted. */
export function startAttempt(asked: AbortSignal, clock: Clock): Attempt {
  if (asked.aborted) throw new NoAnswer('no time', 'was not asked any more, since the time was up');
  const ending = new AbortController();
  const onAbort = () => ending.abort(new NoAnswer('no time', 'has not answered before the time was up'));
  asked.addEventListener('abort', onAbort, { once: true });
  return {
    signal: ending.signal,
    inTime(work, ms, message) {
      const timer = new AbortController();
      clock.sleep(ms, timer.signal).then(
        () => ending.abort(new NoAnswer('late', message)),
        () => undefined,
      );
      return work().finally(() => timer.abort());
    },
    named(error) {
      if (ending.signal.aborted) return ending.signal.reason as unknown;
      if (error instanceof NoAnswer) return error;
      if (isBadPort(error))
        return new NoAnswer('not connected', 'cannot be reached (bad port: fetch asks nobody there)');
      const code = codeOf(error);
      const because = code ? ` (${code})` : '';
      return neverConnected(error)
        ? new NoAnswer('not connected', `cannot be reached${because}`)
        : new NoAnswer('lost', `broke the connection off${because}`);
    },
    end() {
      asked.removeEventListener('abort', onAbort);
      ending.abort();
    },
  };
}
