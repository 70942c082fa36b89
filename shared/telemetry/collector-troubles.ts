/**
 * Tells in the log that a collector does not take what it is sent: once, and once more when it does again, with what was lost meanwhile. A collector that comes and
 * goes is told of once a minute at most; what it lost in between is part of the next count.
 */
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';

const TELL_AGAIN_MS = 60_000;
const REASON_LENGTH = 200;
const MOST_REASONS = 3;

export interface CollectorTroubles {
  /** It did not take these, and they are lost; 0 for what need not be sent again, or is tried again. */
  lost(count: number, reason: string): void;
  /** It took some and says what it did not take. */
  refused(count: number, reason: string): void;
  /** It says that it took what it was sent, in a way that no collector does; `reason` tells how. Nothing is known to be lost. */
  strange(reason: string): void;
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
  let strange = false;
  let strangeAt = Number.NEGATIVE_INFINITY;
  /** Of what is lost and not told of yet, the last ones, each once. */
  let reasons: string[] = [];
  const short = (reason: string) => reason.slice(0, REASON_LENGTH);
  return {
    lost(count, reason) {
      lost += count;
      if (count > 0)
        reasons = [...reasons.filter((known) => known !== short(reason)), short(reason)].slice(-MOST_REASONS);
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
    strange(reason) {
      if (strange || clock.mono() - strangeAt < TELL_AGAIN_MS) return;
      strange = true;
      strangeAt = clock.mono();
      log.warn(`${what} are taken by what may be no collector`, { collector, reason: short(reason) });
    },
    taken() {
      strange = false;
      if (!told) return;
      told = false;
      // What was lost within the minute in which nothing is told may have had other reasons than the one that was told.
      log.info(`${what} are sent again`, { collector, ...(lost > 0 && { lost, reasons: reasons.join('; ') }) });
      lost = 0;
      reasons = [];
    },
  };
}
