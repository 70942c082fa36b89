/**
 * `lease chaos`: several processes contend for one lease while they are killed, stopped, lied to and cut off, and what they did is judged by what they
 * wrote down, by a resource that they write to, and by what the store holds. For trying it on the machine and the store that matter to you.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemIds } from '#shared/ids.ts';
import { LEAST_DURATION_MS } from '#shared/lease/timing.ts';
import { sayJson } from '../command/print.ts';
import { HelpWanted, parseTyped, UsageError } from '../command/usage.ts';
import { openBacking, type StoreKind } from './chaos/backing.ts';
import { FAULTS, type Fault } from './chaos/faults.ts';
import { table } from './chaos/report.ts';
import { runChaos } from './chaos/run-chaos.ts';

const TEXT = `usage: npm run lease -- chaos [--store sqlite|firestore] [--procs 6] [--seconds 60] [--duration <ms>] [--kill] [--stop] [--skew] [--cut] [--seed <n>] [--json]
  --store      sqlite, in a folder of its own, which is the default; or firestore: the emulator that FIRESTORE_EMULATOR_HOST names, else, with
               HAWKER_STORE=firestore, the project of GOOGLE_CLOUD_PROJECT, else an emulator of its own
  --procs      how many contend: 2 to 50
  --seconds    how long trouble is made: 1 to 3600
  --duration   how long the lease stands without a renewal: whole seconds in milliseconds, 1000 to 60000; 1000 on SQLite, 2000 on Firestore
  --kill       kills processes (SIGKILL) and starts others
  --stop       stops processes (SIGSTOP), also for longer than the lease stands, and lets them go on
  --skew       gives each process a wall clock that is hours off and jumps
  --cut        cuts, stalls and drops connections to an emulator, also after a request went through, and kills and restarts an emulator of its
               own, empty; SQLite has no network to cut
  --seed       chooses the same faults again
  --json       the report for programs
Without any of --kill, --stop, --skew, --cut it does all of them. Ctrl-C ends it early with a report. Exits with 1 where anything was wrong; then the
evidence is kept.`;

const FIRESTORE_DURATION_MS = 2_000;

export async function run(args: string[]): Promise<number> {
  if (process.platform === 'win32') throw new UsageError('Windows cannot stop processes and let them go on');
  const typed = readTyped(args);
  const folder = mkdtempSync(join(tmpdir(), 'hawker-chaos-'));
  const interrupted = new AbortController();
  const interrupt = () => (interrupted.signal.aborted ? process.exit(130) : interrupted.abort());
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, interrupt);
  const say = (line: string) => process.stderr.write(`${line}\n`);
  let keep = false;
  try {
    const { store: kind, faults, procs } = typed;
    const cut = faults.includes('cut');
    const backing = await openBacking({ kind, folder, procs, cut, environment: process.env });
    try {
      say(`${procs} processes on ${backing.about}, seed ${typed.seed}`);
      if (cut && backing.proxies.length === 0)
        say('no connection is cut: there is none, or none that could be led through a proxy');
      const name = `chaos-${systemIds.code(12)}`;
      const report = await runChaos({ ...typed, backing, name, folder, signal: interrupted.signal, say });
      keep = !report.ok;
      if (typed.json) sayJson({ ...report, ...(keep && { evidence: folder }) });
      else process.stdout.write(`${table(report)}\n${keep ? `the evidence is kept in ${folder}\n` : ''}`);
      return report.ok ? 0 : 1;
    } finally {
      await backing.close();
    }
  } finally {
    for (const signal of signals) process.off(signal, interrupt);
    if (!keep) rmSync(folder, { recursive: true, force: true });
  }
}

function readTyped(args: string[]) {
  const values = parsed(args);
  if (values.help) throw new HelpWanted(TEXT);
  const store = oneOf<StoreKind>(values.store ?? 'sqlite', ['sqlite', 'firestore']);
  const chosen = FAULTS.filter((fault) => values[fault]);
  const durationMs = whole('duration', values.duration, LEAST_DURATION_MS, 60_000);
  if (durationMs !== undefined && durationMs % 1_000 !== 0)
    throw new UsageError(`--duration must be whole seconds in milliseconds, not ${durationMs}`);
  return {
    store,
    procs: whole('procs', values.procs, 2, 50) ?? 6,
    seconds: whole('seconds', values.seconds, 1, 3_600) ?? 60,
    durationMs: durationMs ?? (store === 'firestore' ? FIRESTORE_DURATION_MS : LEAST_DURATION_MS),
    faults: chosen.length > 0 ? chosen : ([...FAULTS] satisfies Fault[]),
    seed: whole('seed', values.seed, 0, 2 ** 31 - 1) ?? Math.floor(systemIds.random() * 2 ** 31),
    json: values.json === true,
  };
}

function parsed(args: string[]) {
  const options = {
    store: { type: 'string' },
    procs: { type: 'string' },
    seconds: { type: 'string' },
    duration: { type: 'string' },
    seed: { type: 'string' },
    kill: { type: 'boolean' },
    stop: { type: 'boolean' },
    skew: { type: 'boolean' },
    cut: { type: 'boolean' },
    json: { type: 'boolean' },
    help: { type: 'boolean', short: 'h' },
  } as const;
  const { values, positionals } = parseTyped(args, options);
  if (positionals.length > 0) throw new UsageError(`what is ${JSON.stringify(positionals[0])} for?`);
  return values;
}

function whole(name: string, text: string | undefined, least: number, most: number): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!/^\d{1,10}$/.test(text) || value < least || value > most)
    throw new UsageError(`--${name} must be a whole number from ${least} to ${most}, not ${JSON.stringify(text)}`);
  return value;
}

function oneOf<T extends string>(text: string, values: readonly T[]): T {
  const found = values.find((value) => value === text);
  if (!found) throw new UsageError(`--store must be ${values.join(' or ')}, not ${JSON.stringify(text)}`);
  return found;
}
