/** Something that has to be asked for, and is kept for a while. */
import type { Clock } from '#shared/clock.ts';
import { isAppError } from '#shared/errors.ts';
import { errorTypeOf } from '#shared/telemetry/error-type.ts';

/** What is known of it; why it is not; or neither, where nobody has answered yet. */
export interface Known<T> {
  value?: T;
  /** Of the last attempt; there may be an older value. */
  trouble?: string;
}

export interface Kept<T> {
  /** As it is known now; asks anew, without waiting, where that is too old. */
  value(): Known<T>;
  /** Resolves when it is as new as it should be, or cannot be had. Never rejects. */
  refreshed(): Promise<void>;
}

interface KeptOptions<T> {
  read: () => Promise<T> | T;
  goodMs: number;
  clock: Clock;
}

export function createKept<T>({ read, goodMs, clock }: KeptOptions<T>): Kept<T> {
  let known: Known<T> = {};
  let until = Number.NEGATIVE_INFINITY;
  let asking: Promise<void> | undefined;

  const ask = async () => {
    try {
      known = { value: await read() };
    } catch (error) {
      known = { ...known, trouble: inWords(error) };
    }
    until = clock.mono() + goodMs;
  };
  const refreshed = () => {
    if (clock.mono() < until) return Promise.resolve();
    asking ??= ask().finally(() => {
      asking = undefined;
    });
    return asking;
  };
  return {
    value() {
      void refreshed();
      return known;
    },
    refreshed,
  };
}

/** What nobody foresaw may name anything: the log has it. */
function inWords(error: unknown): string {
  return isAppError(error) ? error.message : `it could not be read (${errorTypeOf(error)})`;
}
