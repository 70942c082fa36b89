/** What the explorer walks: few contenders, and a few of the faults at a time, so that all of their interleavings can be seen. */
import type { Scenario } from './explorer.ts';
import type { Calls, Faults, Rules } from './model.ts';
import type { LeaseTiming } from './timing.ts';

const NONE: Faults & Calls = {
  fail: 0,
  lag: 0,
  pause: 0,
  restart: 0,
  delete: 0,
  break: 0,
  sleep: 0,
  jump: 0,
  want: 2,
  leave: 0,
  resume: 0,
  doubt: 0,
  act: 0,
};

/** Without any slack: each margin is exactly as wide as it must be, and one tick less is too little. */
const TIGHT: LeaseTiming = {
  durationMs: 4,
  renewMs: 2,
  guardMs: 0,
  pollMs: 2,
  backoffMs: 2,
  callMs: 4,
  suspendMs: 1_000,
  patience: (durationMs) => durationMs,
};

/** One clock gains 5 where the other gains 4, so patience is longer by a quarter. */
const DRIFTING: LeaseTiming = {
  ...TIGHT,
  durationMs: 20,
  renewMs: 8,
  pollMs: 10,
  backoffMs: 8,
  patience: (durationMs) => (durationMs * 5) / 4,
};

/** A sleep too short to be noticed must not matter: the guard covers it. */
const DROWSY: LeaseTiming = { ...TIGHT, guardMs: 1, suspendMs: 1 };

const RULES: Rules = {
  timing: TIGHT,
  rates: [1, 1],
  slowest: 1,
  wants: ['patiently'],
  fenced: true,
  tokenOf: (fence) => fence,
};

const scenario = (left: Partial<Faults & Calls>, rules: Partial<Rules> = {}): Scenario => ({
  rules: { ...RULES, ...rules },
  left: { ...NONE, ...left },
});

const DRIFT = { timing: DRIFTING, slowest: 4 };

export const SCENARIOS = {
  'lost answers': scenario({ fail: 2, want: 3 }),
  'lost and late answers': scenario({ fail: 1, lag: 1 }),
  'late answers and pauses': scenario({ lag: 1, pause: 1 }),
  'a slow holder and a fast contender': scenario({ lag: 1 }, { ...DRIFT, rates: [4, 5] }),
  'lost answers and clocks at two rates': scenario({ fail: 1 }, { ...DRIFT, rates: [4, 5] }),
  'those who ask once, and leave': scenario({ fail: 1, leave: 1 }, { wants: ['once', 'patiently'] }),
  'a named successor': scenario({ fail: 1, want: 3, leave: 1 }, { successor: true }),
  'frozen instances that resume': scenario({ resume: 2, pause: 1 }),
  'a resumption whose answer is lost': scenario({ resume: 1, fail: 1, want: 3 }),
  'a renewal that comes very late': scenario({ fail: 2, lag: 1, want: 1, resume: 1 }, { rates: [1] }),
  restarts: scenario({ restart: 1, lag: 1 }),
  'stale writes to the resource': scenario({ lag: 1, act: 2 }),
  'clocks that do what they like': scenario(
    { fail: 1, act: 2 },
    { timing: { ...TIGHT, patience: () => 0 }, lawless: true },
  ),
  'a record that is deleted': scenario({ delete: 1, fail: 1, act: 1 }),
  'a record that is deleted under a stale write': scenario({ delete: 1, act: 2 }),
  'a lease that is broken, and doubts': scenario({ break: 1, doubt: 1, act: 1, want: 3 }),
  'machines that sleep': scenario({ sleep: 1 }, { timing: DROWSY }),
  'machines that sleep, and pauses': scenario({ sleep: 1, pause: 1 }, { timing: { ...DROWSY, renewMs: 3, pollMs: 4 } }),
  'wall clocks that are set': scenario({ jump: 2, fail: 1 }, { timing: DROWSY, jumps: [-3, 3] }),
  'ages by the server`s clock': scenario({ restart: 1, lag: 1 }, { serverRate: 1 }),
  'ages by a server`s clock that is fast': scenario({ lag: 1 }, { ...DRIFT, rates: [4, 4], serverRate: 5 }),
  'leases of two durations': scenario({ lag: 1 }, { durations: [4, 2] }),
  'three contenders': scenario({ fail: 1, want: 3 }, { rates: [1, 1, 1] }),
} satisfies Record<string, Scenario>;

/** Everything may be late by any time and any process may pause at any moment: more worlds than can be walked to the end. */
export const UNBOUNDED: Scenario = scenario({
  lag: Infinity,
  pause: Infinity,
  fail: 2,
  restart: 1,
  act: 2,
  want: 4,
  leave: 1,
});
