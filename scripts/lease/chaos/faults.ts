/** What goes wrong in a chaos run, and when: a sequence that depends on the seed alone. Whom it strikes depends on who leads at that moment. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Backing } from './backing.ts';
import type { Contender } from './contender.ts';
import type { Dice } from './dice.ts';
import { sharedMono, type Witness } from './evidence.ts';
import { TROUBLES, type Trouble } from './flaky-proxy.ts';

export const FAULTS = ['kill', 'stop', 'skew', 'cut'] as const;
export type Fault = (typeof FAULTS)[number];

const HOUR_MS = 3_600_000;
/** How often each happens, against the others. */
const WEIGHTS: Record<Fault, number> = { kill: 2, stop: 3, skew: 2, cut: 5 };
/** Another emulator is started this long after the beginning, and then each so long, if so much time is left. */
const RESTART = { firstMs: 8_000, everyMs: 25_000, leftMs: 15_000 };

/** A time in which the store answered nobody. */
export interface Outage {
  from: number;
  to: number;
  lostData: boolean;
}

export interface FaultCounts {
  kills: number;
  stops: number;
  wallClockJumps: number;
  /** Connections that broke after a request had gone through. */
  answersLost: number;
  requestsLost: number;
  dropped: number;
  stalled: number;
  delayed: number;
  emulatorRestarts: number;
}

interface Options {
  faults: readonly Fault[];
  dice: Dice;
  contenders: readonly Contender[];
  backing: Backing;
  durationMs: number;
  seconds: number;
  signal: AbortSignal;
  witness: Witness;
  /** Runs right before the emulator loses its data. */
  beforeRestart: () => Promise<void>;
  afterRestart: () => void;
}

const COUNTED: Record<Trouble, keyof FaultCounts> = {
  'lose answers': 'answersLost',
  'lose requests': 'requestsLost',
  drop: 'dropped',
  stall: 'stalled',
  'delay requests': 'delayed',
};

function noFaults(): FaultCounts {
  return {
    kills: 0,
    stops: 0,
    wallClockJumps: 0,
    answersLost: 0,
    requestsLost: 0,
    dropped: 0,
    stalled: 0,
    delayed: 0,
    emulatorRestarts: 0,
  };
}

/** Makes trouble for the time, and ends when all of it has ended. Throws where an emulator did not come back. */
export async function inflict(options: Options): Promise<{ counts: FaultCounts; outages: Outage[] }> {
  const { dice, contenders, backing, durationMs, signal, witness } = options;
  const { proxies } = backing;
  const counts = noFaults();
  const outages: Outage[] = [];
  const underWay: Promise<void>[] = [];
  const start = sharedMono();
  const end = start + options.seconds * 1_000;
  let restartAt = start + RESTART.firstMs;

  const launch = (work: Promise<void>) => {
    work.catch(() => {});
    underWay.push(work);
  };
  const note = (what: string, contender: number | 'all', ms = 0) =>
    witness.write({ kind: 'fault', at: sharedMono(), what, contender, ms });

  const spoil = async (places: readonly number[], kind: Trouble, ms: number) => {
    const from = sharedMono();
    const suffered = await Promise.all(places.flatMap((place) => proxies[place]?.trouble(kind, ms) ?? []));
    counts[COUNTED[kind]] += suffered.reduce((sum, each) => sum + each, 0);
    if (places.length === proxies.length) outages.push({ from, to: sharedMono(), lostData: false });
  };
  const restart = async (replace: NonNullable<Backing['restart']>) => {
    await replace(async (swap) => {
      await options.beforeRestart();
      const from = sharedMono();
      swap();
      outages.push({ from, to: sharedMono(), lostData: true });
      options.afterRestart();
      note('emulator restart', 'all');
      counts.emulatorRestarts++;
    });
  };

  /** One of each kind, on this contender, of a size and a sort in [0, 1). */
  const strikes: Record<Fault, (place: number, size: number, sort: number) => void> = {
    kill(place, size) {
      if (!contenders[place]?.kill(size * durationMs)) return;
      counts.kills++;
      note('kill', place, size * durationMs);
    },
    stop(place, size) {
      const ms = longMs(size, durationMs);
      if (!contenders[place]?.freeze(ms)) return;
      counts.stops++;
      note('stop', place, ms);
    },
    skew(place, size) {
      const skewMs = (size - 0.5) * 24 * HOUR_MS;
      contenders[place]?.setWallClock(skewMs);
      counts.wallClockJumps++;
      note('skew', place, skewMs);
    },
    cut(place, size, sort) {
      const kind = TROUBLES[Math.floor(sort * TROUBLES.length)] ?? 'stall';
      const ms = kind.startsWith('lose') ? 20 + size * 400 : longMs(size, durationMs);
      const everybody = size < 0.1;
      launch(spoil(everybody ? proxies.map((_, each) => each) : [place], kind, ms));
      note(kind, everybody ? 'all' : place, ms);
    },
  };

  const kinds = options.faults.filter((fault) => fault !== 'cut' || proxies.length > 0);
  const lots = kinds.flatMap((fault) => Array.from({ length: WEIGHTS[fault] }, () => fault));
  while (sharedMono() < end && !signal.aborted) {
    // Every throw is made at every turn, so that one run's turns are another's with the same seed.
    const pause = dice.between(0.1, 0.5) * Math.min(durationMs, 1_000);
    const [lot, who, size, sort] = [dice.roll(), dice.roll(), dice.roll(), dice.roll()];
    const strikeLeader = dice.chance(0.6);
    await sleep(pause, undefined, { signal }).catch(() => undefined);
    const now = sharedMono();
    if (backing.restart && now > restartAt && end - now > RESTART.leftMs) {
      restartAt += RESTART.everyMs;
      launch(restart(backing.restart));
    }
    const fault = lots[Math.floor(lot * lots.length)];
    const leader = contenders.findIndex(({ state, leads }) => leads && state === 'up');
    const place = strikeLeader && leader >= 0 ? leader : Math.floor(who * contenders.length);
    if (fault) strikes[fault](place, size, sort);
  }
  await Promise.all(underWay);
  return { counts, outages };
}

/** Sometimes shorter than the lease stands, and sometimes longer. */
function longMs(size: number, durationMs: number): number {
  return (0.2 + size * 1.6) * durationMs;
}
