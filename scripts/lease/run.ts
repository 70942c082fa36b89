/**
 * `lease run`: runs a command while holding a lease, and ends the command when the lease is lost.
 *
 * The command finds the lease's name and token in its environment. The token is what makes it safe: a command that is paused right before it
 * writes may write when another runs already, and only whoever receives the write can refuse a lower token. So may a command whose `lease run` is
 * stopped (SIGSTOP) while it goes on itself.
 */
import { constants } from 'node:os';
import { isAppError, messageOf } from '#shared/errors.ts';
import type { Held, Lease } from '#shared/lease/lease.ts';
import { DEFAULT_DURATION_MS } from '#shared/lease/timing.ts';
import { oneLine } from '../command/print.ts';
import { UsageError } from '../command/usage.ts';
import { startChild } from './child.ts';
import { openConfigured } from './open.ts';
import { milliseconds, readArguments, type Usage } from './usage.ts';

const TEXT = `usage: npm run lease -- run <name> [--wait <s>] [--duration <s>] [--note <text>] [--json] -- <command> [<argument> ...]
  --wait       how long to wait for the lease, in seconds; without it the lease must be free now
  --duration   how long the lease stands when this process dies, in whole seconds from 1 to 3600; 15 without it
  --note       what it is held for, told to whoever asks: at most 200 characters
  --json       what happens to the lease, a JSON line each on standard error
The command has HAWKER_LEASE_NAME and HAWKER_LEASE_TOKEN in its environment. When the lease is lost it gets SIGTERM, and SIGKILL after a
third of the duration, at most five seconds. Exits with the command's code; with 75 where somebody else holds the lease; with 1 where it was
lost or something failed.`;

const WEEK_S = 7 * 24 * 3_600;
const GRACE_MS = 5_000;
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'] as const;

const FAILED = 1;
const HELD_ELSEWHERE = 75;

/** A signal came before the command was started. */
class Interrupted extends Error {
  readonly code: number;
  constructor(signal: NodeJS.Signals) {
    super(`ended by ${signal}`);
    this.code = 128 + constants.signals[signal];
  }
}

export async function run(args: string[]): Promise<number> {
  const { name, wait, durationMs, note, json, command } = typed(args);
  const tell = teller(json, name);
  await using opened = await openConfigured();
  const lease = opened.leases.lease(name, { durationMs, ...(note !== undefined && { note }) });
  const signals = catchSignals();
  const refused = (why: string) => {
    tell('held', why, { why });
    return HELD_ELSEWHERE;
  };
  try {
    const held = await acquire(lease, wait, signals.interrupted);
    if (!held) return refused(lease.explain());
    await using leading = held;
    return await runWhile(leading, command, Math.min(GRACE_MS, durationMs / 3), signals, tell);
  } catch (error) {
    if (error instanceof Interrupted) return error.code;
    if (isAppError(error, 'lease_held')) return refused(messageOf(error));
    throw error;
  }
}

async function runWhile(
  held: Held,
  command: readonly string[],
  graceMs: number,
  signals: Signals,
  tell: Tell,
): Promise<number> {
  signals.interrupted.throwIfAborted();
  held.assert();
  const { name, token } = held;
  const env = { HAWKER_LEASE_NAME: name, HAWKER_LEASE_TOKEN: String(token) };
  const child = await startChild(command, env, graceMs);
  signals.passTo((signal) => child.signal(signal));
  tell('acquired', undefined, { token });
  const lost = Promise.withResolvers<'lost'>();
  held.signal.addEventListener('abort', () => lost.resolve('lost'), { once: true });
  if (held.signal.aborted) lost.resolve('lost');
  const code = await Promise.race([child.ended, lost.promise]);
  if (code !== 'lost') {
    tell('released', undefined, { code });
    return code;
  }
  const why = messageOf(held.signal.reason);
  tell('lost', `${why}; ending the command`, { why });
  await child.terminate();
  return FAILED;
}

function typed(args: readonly string[]) {
  const dashes = args.indexOf('--');
  const usage: Usage = { text: TEXT, name: 'needed', options: ['wait', 'duration', 'note'] };
  const { name, options, json } = readArguments(dashes < 0 ? args : args.slice(0, dashes), usage);
  const command = dashes < 0 ? [] : args.slice(dashes + 1);
  if (command.length === 0 || command[0] === '') throw new UsageError('what to run is missing: put it after --');
  const durationMs = milliseconds('duration', options['duration'], 1, 3_600) ?? DEFAULT_DURATION_MS;
  const wait = milliseconds('wait', options['wait'], 0, WEEK_S) ?? 0;
  return { name, wait, durationMs, note: options['note'], json, command };
}

async function acquire(lease: Lease, wait: number, signal: AbortSignal): Promise<Held | undefined> {
  return wait > 0 ? lease.acquire({ wait, signal }) : lease.tryAcquire();
}

interface Signals {
  /** Aborts with Interrupted when a signal comes that nobody takes yet. */
  interrupted: AbortSignal;
  passTo(taker: (signal: NodeJS.Signals) => void): void;
}

function catchSignals(): Signals {
  const interruption = new AbortController();
  let take = (signal: NodeJS.Signals) => interruption.abort(new Interrupted(signal));
  for (const signal of SIGNALS) process.on(signal, () => take(signal));
  // A stopped process cannot renew, and the command would go on without the lease.
  process.on('SIGTSTP', () => process.stderr.write('lease: not stopped, since the lease must be renewed\n'));
  return {
    interrupted: interruption.signal,
    passTo(taker) {
      take = taker;
    },
  };
}

type Tell = (event: string, line: string | undefined, fields: Record<string, unknown>) => void;

/** Standard output is the command's, so what there is to say goes to standard error; to people only what went wrong. */
function teller(json: boolean, name: string): Tell {
  return (event, line, fields) => {
    if (json) process.stderr.write(`${JSON.stringify({ event, name, ...fields })}\n`);
    else if (line !== undefined) process.stderr.write(`lease: ${oneLine(line)}\n`);
  };
}
