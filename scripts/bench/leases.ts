/** Leases: elections, take-over from a process that was killed, hand-over, and what holding one costs in reads and writes. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Held, Lease } from '#shared/lease/lease.ts';
import { DEFAULT_DURATION_MS } from '#shared/lease/timing.ts';
import { createCallCounter } from './call-counter.ts';
import { openFirestore, openPlaces, type Place } from './lease-places.ts';
import { type Figure, median, type Workplace } from './part.ts';

const CROWD = 50;
const STORMS = 11;
const ELECTING_MS = 3_000;
const ROUNDS = 5;
/** Short, so that the rounds are. */
const DURATION_MS = 2_000;
const HOLDING_MS = 10_000;
const WAIT_MS = 60_000;

const LEASE = join(import.meta.dirname, '..', 'lease.ts');

const living = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of living) child.kill('SIGKILL');
});

export async function leases({ folder, say }: Workplace): Promise<Figure[]> {
  await using places = await openPlaces(folder, say);
  const { sqlite, firestore, emulator } = places;
  const all = firestore ? [sqlite, firestore] : [sqlite];
  const figures: Figure[] = [];
  // Held while all the rest is measured, so that a minute's renewals or two are counted.
  const steady = await Promise.all(all.map(holdSteadily));

  for (const place of all) figures.push(await storm(place));
  say('elections');
  for (const contenders of [5, CROWD]) for (const place of all) figures.push(await electionRate(place, contenders));
  say('hand-overs');
  for (const place of all) figures.push(await handOver(place));
  say('processes are killed');
  for (const place of all) figures.push(await takeOver(place));
  say('renewals');
  for (const place of all) figures.push(await renewalCost(place));
  if (emulator) figures.push(await callsOnPath(folder, emulator));
  for (const stop of steady) figures.push(await stop());
  return figures;
}

/** All at once, on a lease that nobody holds. */
async function storm(place: Place): Promise<Figure> {
  const times: number[] = [];
  for (let round = 0; round <= STORMS; round++) {
    const name = `storm-${round}`;
    const crowd = Array.from({ length: CROWD }, () => place.leases.lease(name));
    const began = performance.now();
    const results = await Promise.all(crowd.map((lease) => lease.tryAcquire()));
    if (round > 0) times.push(performance.now() - began);
    const winners = results.flatMap((held) => held ?? []);
    if (winners.length !== 1) throw new Error(`${winners.length} of ${CROWD} contenders won ${name}`);
    await winners[0]?.release();
  }
  return {
    what: `${CROWD} contenders on one free lease until all know (${place.kind}): one winner in each of ${STORMS} rounds`,
    measured: `${ms(median(times))} (${ms(Math.min(...times))} to ${ms(Math.max(...times))})`,
    budget: '<= 1 s, exactly one winner',
  };
}

/** Each winner gives it back at once; each loser tries again at once. */
async function electionRate(place: Place, contenders: number): Promise<Figure> {
  const name = `election-${contenders}`;
  const until = performance.now() + ELECTING_MS;
  let elections = 0;
  let leading = 0;
  const contend = async (lease: Lease) => {
    while (performance.now() < until) {
      const held = await lease.tryAcquire();
      if (!held) continue;
      if (++leading > 1) throw new Error(`two lead ${name}`);
      elections++;
      leading--;
      await held.release();
    }
  };
  const began = performance.now();
  await Promise.all(Array.from({ length: contenders }, () => contend(place.leases.lease(name))));
  const rate = elections / ((performance.now() - began) / 1_000);
  return {
    what: `elections with ${contenders} contenders, each winner giving it back (${place.kind})`,
    measured: `${rate.toFixed(0)} a second`,
  };
}

/** From the old holder's `release({ to })` to the new one's `acquire`, at the default duration. */
async function handOver(place: Place): Promise<Figure> {
  const gaps: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const [old, next] = [place.leases.lease(`hand-over-${round}`), place.leases.lease(`hand-over-${round}`)];
    const held = await mustHold(old);
    const acquired = next.acquire({ wait: WAIT_MS });
    // It has looked and waits, for how long is as chance has it.
    await sleep(500 + Math.random() * 1_000);
    const began = performance.now();
    await held.release({ to: next.identity });
    const successor = await acquired;
    gaps.push(performance.now() - began);
    await successor.release();
  }
  return {
    what: `gap of a hand-over to a contender that waits (${place.kind}, default duration)`,
    measured: `${ms(median(gaps))} (${ms(Math.min(...gaps))} to ${ms(Math.max(...gaps))})`,
  };
}

/** From `kill -9` of the holding process to the acquisition of one that waits. */
async function takeOver(place: Place): Promise<Figure> {
  const ratios: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const name = `take-over-${round}`;
    const child = await holdingProcess(place, name);
    const acquired = place.leases.lease(name, { durationMs: DURATION_MS }).acquire({ wait: WAIT_MS });
    // Past the first renewals, at any moment between two.
    await sleep(DURATION_MS / 2 + (Math.random() * DURATION_MS) / 3);
    const began = performance.now();
    child.kill('SIGKILL');
    const held = await acquired;
    ratios.push((performance.now() - began) / DURATION_MS);
    await held.release();
  }
  return {
    what: `take-over after \`kill -9\`, against the duration of ${DURATION_MS / 1_000} s (${place.kind})`,
    measured: `${median(ratios).toFixed(2)} x (${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)})`,
    budget: '<= 1.02 x + 0.25 s + one poll',
  };
}

async function holdingProcess(place: Place, name: string): Promise<ChildProcess> {
  const duration = `--duration=${DURATION_MS / 1_000}`;
  const stays = ['--', process.execPath, '-e', 'console.log("runs"); setInterval(() => {}, 1000)'];
  const child = spawn(process.execPath, [LEASE, 'run', name, duration, ...stays], {
    env: { PATH: process.env['PATH'], ...place.env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  living.add(child);
  child.once('exit', () => living.delete(child));
  const [first] = await Promise.race([once(child.stdout, 'data'), once(child, 'exit')]);
  if (!String(first).includes('runs')) throw new Error(`lease run ended with ${first}`);
  return child;
}

/** Counted at the store, beside what the contender itself says. */
async function renewalCost(place: Place): Promise<Figure> {
  const lease = place.leases.lease('renewed', { durationMs: 1_000 });
  const held = await mustHold(lease);
  // The one that is held steadily is renewed meanwhile too.
  const renewals = () => place.leases.here().reduce((sum, report) => sum + report.renewals, 0);
  // What is noted of the term's beginning is written by then.
  await sleep(500);
  const [before, first] = [place.counts(), renewals()];
  await sleep(HOLDING_MS);
  const [after, last] = [place.counts(), renewals()];
  held.assert();
  await held.release();
  const per = (count: number) => count / (last - first);
  return {
    what: `one renewal (${place.kind}; ${last - first} of them)`,
    measured: `${per(after.writes - before.writes).toFixed(2)} writes, ${per(after.reads - before.reads).toFixed(2)} reads`,
    budget: '1 write, 0 reads',
  };
}

/** Begins to hold one lease; what it answers ends that and says what an hour of it costs. */
async function holdSteadily(place: Place): Promise<() => Promise<Figure>> {
  const lease = place.leases.lease('steady');
  const held = await mustHold(lease);
  const report = () => place.leases.here().find(({ identity }) => identity === lease.identity);
  const [began, before] = [performance.now(), report()];
  return async () => {
    held.assert();
    const hours = (performance.now() - began) / 3_600_000;
    const after = report();
    const perHour = (count: 'reads' | 'writes') => ((after?.[count] ?? 0) - (before?.[count] ?? 0)) / hours;
    await held.release();
    return {
      what: `an hour of holding one, default duration of ${DEFAULT_DURATION_MS / 1_000} s (${place.kind}; seen over ${(hours * 3_600).toFixed(0)} s)`,
      measured: `${perHour('writes').toFixed(0)} writes, ${perHour('reads').toFixed(0)} reads`,
    };
  };
}

/** What goes over the wire while a lease is taken, renewed, used for a fenced write and given back. */
async function callsOnPath(folder: string, emulator: string): Promise<Figure> {
  await using counter = await createCallCounter(emulator);
  await using place = await openFirestore(folder, counter.address);
  const lease = place.leases.lease('counted', { durationMs: 1_000 });
  const renewed = () =>
    place.leases.here().some(({ identity, renewals }) => identity === lease.identity && renewals > 0);
  counter.taken();
  const held = await mustHold(lease);
  while (!renewed()) await sleep(10);
  await held.fenced([{ op: 'create', collection: 'work', id: 'one', value: { done: true } }]);
  await held.release();
  await place.leases.close(2_000);
  return {
    what: 'calls for taking one for the first time, a renewal or two, a fenced write, giving it back, and two notes for the history (Firestore)',
    measured: counter.taken(),
    budget: 'no BeginTransaction',
  };
}

async function mustHold(lease: Lease): Promise<Held> {
  const held = await lease.tryAcquire();
  if (!held) throw new Error(lease.explain());
  return held;
}

function ms(value: number): string {
  return `${value.toFixed(0)} ms`;
}
