/** The last firing of each schedule, kept apart from what happened lately, out of which requests would push it. */
import type { RecentInvocation } from '#shared/telemetry/recent.ts';

export interface LastFirings {
  /** Takes what ended; all but firings of these schedules it drops. */
  keep(one: RecentInvocation): void;
  /** Undefined where this process has seen none. */
  of(schedule: string): RecentInvocation | undefined;
}

/** Never more than there are `schedules`, for as long as the process lives. */
export function createLastFirings(schedules: readonly string[]): LastFirings {
  const names = new Set(schedules);
  const last = new Map<string, RecentInvocation>();
  return {
    keep(one) {
      if (one.kind === 'firing' && names.has(one.function)) last.set(one.function, one);
    },
    of: (schedule) => last.get(schedule),
  };
}
