/** Counts what one contender has had and what it has cost. */
import type { ContenderReport } from './lease.ts';
import type { RequestCounts } from './machine.ts';

const HOUR_MS = 3_600_000;

export interface Tally {
  won(): void;
  /** `reason` where the term was lost. */
  ended(ledMs: number, reason?: string): void;
  guarded(writes: number): void;
  observed(): void;
  /** `leadingMs`: what the running term has lasted. */
  report(
    requests: RequestCounts,
    livedMs: number,
    leadingMs: number,
  ): Omit<ContenderReport, 'name' | 'identity' | 'explain' | 'held'>;
}

export function createTally(): Tally {
  const losses: Record<string, number> = {};
  let elections = 0;
  let ledMs = 0;
  let guards = 0;
  let views = 0;
  return {
    won() {
      elections++;
    },
    ended(ms, reason) {
      ledMs += ms;
      if (reason !== undefined) losses[reason] = (losses[reason] ?? 0) + 1;
    },
    guarded(writes) {
      guards += writes;
    },
    observed() {
      views++;
    },
    report(requests, livedMs, leadingMs) {
      const reads = requests.reads + views;
      const writes = requests.writes + guards;
      const perHour = (count: number) => (livedMs > 0 ? (count * HOUR_MS) / livedMs : 0);
      return {
        elections,
        renewals: requests.renewals,
        losses: { ...losses },
        ledMs: ledMs + leadingMs,
        reads,
        writes,
        readsPerHour: perHour(reads),
        writesPerHour: perHour(writes),
      };
    },
  };
}
