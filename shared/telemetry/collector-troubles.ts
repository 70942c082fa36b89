/**
 * Tells in the log that a collector does not take what it is sent: once, and once more when it does again, with what was lost meanwhile. A collector that comes and
 * goes is told of once a minute at most; what it lost in between is part of the next count.
 */
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';

const TELL_AGAIN_MS = 60_000;
const REASON_LENGTH = 200;

export interface CollectorTroubles {
  /** It did not take these, and they are lost; 0 for what need not be sent again, or is tried again. */
  lost(count: number, reason: string): void;
  /** It took some and says what it did not take. */
  refused(count: number, reason: string): void;
  /** It took what it was sent. */
  taken(): void;
}

/** `what`: `traces` or `metrics`; `collector`: the address that is asked, which the settings let have no user and no query. */
export function createCollectorTroubles(
  what: string,
  collector: string,
  { log, clock }: { log: Log; clock: Pick<Clock, 'mono'> },
): CollectorTroubles {
  let told = false;
  let toldAt = Number.NEGATIVE_INFINITY;
  let refusedAt = Number.NEGATIVE_INFINITY;
  let lost = 0;
  let refused = 0;
  const short = (reason: string) => reason.slice(0, REASON_LENGTH);
  return {
    lost(count, reason) {
      lost += count;
      if (told || clock.mono() - toldAt < TELL_AGAIN_MS) return;
      told = true;
      toldAt = clock.mono();
      log.warn(`${what} cannot be sent`, { collector, reason: short(reason) });
    },
    refused(count, reason) {
      refused += count;
      if (clock.mono() - refusedAt < TELL_AGAIN_MS) return;
      refusedAt = clock.mono();
      log.warn(`the collector takes ${what} only in part`, { collector, refused, reason: short(reason) });
      refused = 0;
    },
    taken() {
      if (!told) return;
      told = false;
      log.info(`${what} are sent again`, { collector, ...(lost > 0 && { lost }) });
      lost = 0;
    },
  };
}
