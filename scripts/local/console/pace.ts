/** How many invocations ended, and how many of them failed, in each ten seconds of the last ten minutes. */
import type { RecentInvocation } from '#shared/telemetry/recent.ts';

export const STEP_S = 10;
const STEPS = 60;

export interface Pace {
  /** Counts one. Never throws. */
  count(one: RecentInvocation): void;
  /** The oldest first, STEPS of each; the step under way is the last. */
  read(now: number): { ended: number[]; failures: number[] };
}

export function createPace(): Pace {
  const ring = Array.from({ length: STEPS }, () => ({ step: -1, ended: 0, failures: 0 }));
  return {
    count(one) {
      const step = stepOf(one.at);
      const slot = ring[step % STEPS];
      if (!slot) return;
      if (slot.step !== step) Object.assign(slot, { step, ended: 0, failures: 0 });
      slot.ended++;
      if (hasFailed(one)) slot.failures++;
    },
    read(now) {
      const first = stepOf(now) - STEPS + 1;
      const slots = Array.from({ length: STEPS }, (_, at) => {
        const slot = ring[(first + at) % STEPS];
        return slot?.step === first + at ? slot : undefined;
      });
      return {
        ended: slots.map((slot) => slot?.ended ?? 0),
        failures: slots.map((slot) => slot?.failures ?? 0),
      };
    },
  };
}

/** Whether somebody should look at it: what was refused for good reason is no failure, nor is what nobody has set up. */
export function hasFailed({ status, outcome, error }: RecentInvocation): boolean {
  return status === undefined ? error !== undefined || outcome === 'failed' : status >= 500 && outcome !== 'refused';
}

function stepOf(ms: number): number {
  return Math.floor(ms / (STEP_S * 1000));
}
