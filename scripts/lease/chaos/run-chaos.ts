/** One chaos run from beginning to end: starts everybody, makes trouble, lets everything calm down, and judges what was written down. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isAppError } from '#shared/errors.ts';
import { oneLine } from '../../command/print.ts';
import type { Backing } from './backing.ts';
import { type Contender, startContender } from './contender.ts';
import { createDice } from './dice.ts';
import { openWitness, readEvidence, sharedMono } from './evidence.ts';
import { type Fault, type FaultCounts, inflict } from './faults.ts';
import { clearLedger, readLedger } from './ledger.ts';
import type { Flaw } from './plan.ts';
import { judge, type LedgerCopy, type Tally, type Violation } from './verdict.ts';

/** How long anything may take that ought to be a matter of moments, on a machine that has much else to do. */
const PATIENCE_MS = 30_000;
const HALF_DAY_MS = 43_200_000;

export interface ChaosOptions {
  backing: Backing;
  /** The lease's; nobody else may use it. */
  name: string;
  procs: number;
  /** How long trouble is made. */
  seconds: number;
  /** Of the lease. */
  durationMs: number;
  faults: readonly Fault[];
  seed: number;
  /** Of the run's own; the evidence stays in it. */
  folder: string;
  /** Ends the trouble early; what has happened until then is judged all the same. */
  signal: AbortSignal;
  say: (line: string) => void;
  flaw?: Flaw;
}

export interface ChaosReport {
  ok: boolean;
  store: string;
  seed: number;
  seconds: number;
  contenders: number;
  durationMs: number;
  /** Contenders' processes, one after another. */
  processes: number;
  /** How many of them killed themselves while they led. */
  crashes: number;
  faults: FaultCounts;
  tally: Tally;
  violations: Violation[];
}

export async function runChaos(options: ChaosOptions): Promise<ChaosReport> {
  const { backing, name, procs, durationMs, seed, folder, signal, say, flaw } = options;
  const dice = createDice(seed);
  const seeds = Array.from({ length: procs }, () => Math.floor(dice.roll() * 2 ** 31));
  const violations: Violation[] = [];
  const resource = await startResource(join(folder, 'resource.jsonl'), flaw === 'unfenced resource');
  const contenders = seeds.map((own, place) =>
    startContender({
      planFor: (life) => ({
        name,
        worker: `contender ${place + 1}.${life}`,
        settings: backing.settingsFor(place),
        ...(backing.kubernetes && { kubernetes: backing.kubernetes(place) }),
        durationMs,
        resource: resource.port,
        evidence: join(folder, `contender-${place + 1}-${life}.jsonl`),
        seed: own + life,
        skewMs: options.faults.includes('skew') ? (createDice(own + life).roll() - 0.5) * 2 * HALF_DAY_MS : 0,
        mayCrash: options.faults.includes('kill'),
        ...(flaw && { flaw }),
      }),
      onFreeze: resource.wakeInTheEnd,
      onDeath: (pid, said) =>
        violations.push({ rule: 'error', what: `contender ${place + 1} (pid ${pid}) ${oneLine(said)}` }),
    }),
  );
  const ledger: LedgerCopy[] = [];
  let since = sharedMono();
  const copyLedger = (last: boolean) =>
    withPatience(async () => {
      const at = sharedMono();
      const { entries, counter } = await backing.withStore((store) => readLedger(store, name));
      ledger.push({ since, at, entries, ...(last && { counter }) });
    });
  try {
    await untilNextReign(contenders, signal);
    say(`somebody leads; making trouble for ${options.seconds} s`);
    const { counts, outages } = await inflict({
      ...options,
      dice,
      contenders,
      witness: openWitness(join(folder, 'faults.jsonl')),
      beforeRestart: () => copyLedger(false),
      afterRestart() {
        since = sharedMono();
      },
    });
    say('everybody is left alone now; somebody must come to lead');
    await backing.calm?.();
    for (const contender of contenders) contender.rouse();
    if (!(await untilNextReign(contenders, signal)) && !signal.aborted) {
      const states = contenders.map(({ state, leads }) => (leads ? 'leads' : state)).join(', ');
      const what = `nobody came to lead within ${PATIENCE_MS} ms after the last trouble; contenders: ${states}`;
      violations.push({ rule: 'no leader', what });
    }
    await Promise.all(contenders.map((contender) => contender.end()));
    if (resource.gone()) violations.push({ rule: 'error', what: 'the resource has ended, which it never should' });
    await copyLedger(true);
    const { tally, violations: found } = judge({
      evidence: readEvidence(folder),
      ledger,
      outages,
      durationMs,
      fencedFrom: backing.fencedFrom,
    });
    violations.push(...found);
    await withPatience(() => backing.withStore((store) => clearLedger(store, name)));
    const sum = (of: (contender: Contender) => number) => contenders.reduce((all, each) => all + of(each), 0);
    return {
      ok: violations.length === 0,
      store: backing.about,
      seed,
      seconds: options.seconds,
      contenders: procs,
      durationMs,
      processes: sum(({ lives }) => lives),
      crashes: sum(({ crashes }) => crashes),
      faults: counts,
      tally,
      violations,
    };
  } finally {
    await Promise.all(contenders.map((contender) => contender.end()));
    await resource.stop();
  }
}

/** Whether somebody came to lead who had not before, within the patience. */
async function untilNextReign(contenders: readonly Contender[], signal: AbortSignal): Promise<boolean> {
  const reigns = () => contenders.reduce((sum, contender) => sum + contender.reigns, 0);
  const before = reigns();
  const deadline = sharedMono() + PATIENCE_MS;
  while (reigns() === before && sharedMono() < deadline && !signal.aborted)
    await sleep(20, undefined, { signal }).catch(() => undefined);
  return reigns() > before;
}

/** Again while the store does not answer: on a busy machine that says little. */
async function withPatience(work: () => Promise<void>): Promise<void> {
  const deadline = sharedMono() + PATIENCE_MS;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!isAppError(error, 'unavailable') || sharedMono() > deadline) throw error;
    }
  }
}

async function startResource(evidence: string, unfenced: boolean) {
  const args = [evidence, ...(unfenced ? ['unfenced'] : [])];
  const child: ChildProcess = fork(new URL('./resource.ts', import.meta.url), args, { execArgv: [] });
  const gone = once(child, 'exit');
  const stop = async () => {
    child.kill('SIGKILL');
    await gone;
  };
  try {
    const [{ port }] = (await once(child, 'message', { signal: AbortSignal.timeout(PATIENCE_MS) })) as [
      { port: number },
    ];
    const wakeInTheEnd = (pid: number) => void (child.connected && child.send(pid, () => {}));
    return { port, stop, wakeInTheEnd, gone: () => child.exitCode !== null || child.signalCode !== null };
  } catch (error) {
    await stop();
    throw error;
  }
}
