/** What the feed's tests share: a feed on a clock of their own, and a client whose calls they end by hand. */
import { systemIds } from '../ids.ts';
import { createFakeClock } from '../testing/fake-clock.ts';
import { createKeptLog } from '../testing/kept-log.ts';
import { createFeed } from './feed.ts';
import { type LtaClient, LtaError, type LtaService, type LtaTrouble } from './lta.ts';

export interface ScriptedCall {
  stop: string;
  /** By the monotonic clock. */
  at: number;
  signal: AbortSignal | undefined;
  open: boolean;
  /** With one service of this number. */
  answer(service?: string): void;
  fail(trouble: LtaTrouble, options?: { httpStatus?: number; retryAfterMs?: number }): void;
  /** Whatever it may be. */
  throw(thrown: unknown): void;
}

export const service = (number: string): LtaService => ({
  service: number,
  operator: 'SBST',
  slots: [undefined, undefined, undefined],
});

/** `random` is what jitter is made of. A wall clock that jumps is `clock.now` overwritten. */
export function setupFeed({ callsPerMinute = 240, random = 0 } = {}) {
  const clock = createFakeClock();
  const log = createKeptLog();
  const calls: ScriptedCall[] = [];
  const client: Pick<LtaClient, 'arrivals'> = {
    arrivals(stop, signal) {
      const { promise, resolve, reject } = Promise.withResolvers<LtaService[]>();
      const end = (how: () => void) => {
        call.open = false;
        how();
      };
      const call: ScriptedCall = {
        stop,
        at: clock.mono(),
        signal,
        open: true,
        answer: (number = '15') => end(() => resolve([service(number)])),
        fail: (trouble, options) => end(() => reject(new LtaError(trouble, `it was ${trouble}`, options))),
        throw: (thrown) => end(() => reject(thrown)),
      };
      calls.push(call);
      return promise;
    },
  };
  const feed = createFeed({ client, clock, log, ids: { ...systemIds, random: () => random }, callsPerMinute });
  const last = (): ScriptedCall => {
    const call = calls.at(-1);
    if (!call) throw new Error('LTA was not called');
    return call;
  };
  return {
    clock,
    log,
    calls,
    client,
    feed,
    last,
    /** Reads, and answers the call that this makes. */
    async answered(stop = 'a', number?: string) {
      const reading = feed.read(stop);
      last().answer(number);
      return reading;
    },
    /** Reads, and lets the call that this makes fail; the read may reject. */
    failed(stop: string, trouble: LtaTrouble, options?: { httpStatus?: number; retryAfterMs?: number }) {
      const reading = feed.read(stop);
      last().fail(trouble, options);
      return reading;
    },
  };
}

/** The largest number of these times that lie in any 60 seconds, which include their beginning alone. */
export function mostInAMinute(times: readonly number[]): number {
  return Math.max(0, ...times.map((from) => times.filter((at) => at >= from && at < from + 60_000).length));
}
