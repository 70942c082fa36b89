/**
 * How the store and the queue are, asked of them at most every FRESH_MS however many want to know, and never waited for longer than PATIENCE_MS.
 *
 * - **Checking**: one check of a part is under way at a time. Who asks waits for it as long as they care to, and is then told for how long it has hung.
 * - **Fresh**: the last check ended less than FRESH_MS ago; its outcome is told.
 * - **Due**: the next who asks begins a check. One that has hung for LOST_MS is not waited for any more, and counts as due: it may hang for good.
 *
 * Whoever asks first after a part has become ready, or is so no more, has that said in the log.
 */
import type { Clock } from '../clock.ts';
import type { Runtime } from '../define.ts';
import { type ErrorCode, isAppError, messageOf } from '../errors.ts';
import type { Log } from '../log.ts';
import { type Dependency, dependencies } from '../telemetry/dependencies.ts';
import { runOutOfScope } from '../telemetry/scope.ts';

/** Milliseconds. */
const FRESH_MS = 5_000;
export const PATIENCE_MS = 2_000;
const LOST_MS = 60_000;

export interface Checked {
  check(): Promise<void>;
}

export interface State extends Dependency {
  /** Whether this process is of no use without it. */
  must: boolean;
  /** When it was last seen to be good or bad, in milliseconds since the epoch. */
  checkedAt?: number | undefined;
  /** For how long its check has not answered, in milliseconds. */
  hangsMs?: number | undefined;
}

export interface HealthChecks {
  /** By name, after at most `patienceMs`. */
  states(patienceMs: number): Promise<Map<string, State>>;
  /** By name, at once, as far as anybody has asked before. */
  known(): Map<string, State>;
}

interface Part extends Checked {
  last?: { ready: boolean; mono: number; at: number; reason?: string };
  goodAt?: number;
  error?: string;
  going?: { since: number; ended: Promise<void> };
  /** As the log was last told; true where it was told nothing yet. */
  told: boolean;
}

/** What the checks of a process are made of. */
export type HealthParts = Pick<Runtime, 'store' | 'queue' | 'clock' | 'log'>;

const made = new WeakMap<HealthParts['store'], HealthChecks>();

/** The same for all who ask about the same store, so that two ports neither check twice nor tell the log twice. */
export function healthChecksOf({ store, queue, clock, log }: HealthParts): HealthChecks {
  const checks = made.get(store) ?? createHealthChecks({ store, queue }, clock, log);
  made.set(store, checks);
  return checks;
}

export function createHealthChecks(checked: Readonly<Record<string, Checked>>, clock: Clock, log: Log): HealthChecks {
  const parts = new Map<string, Part>(
    Object.entries(checked).map(([name, part]) => [name, { check: () => part.check(), told: true }]),
  );

  function begin(part: Part): void {
    const going = { since: clock.mono(), ended: Promise.resolve() };
    const end = (error?: unknown) => {
      if (part.going === going) delete part.going;
      const ready = error === undefined;
      const [mono, at] = [clock.mono(), clock.now()];
      part.last = { ready, mono, at, ...(!ready && { reason: reasonOf(error) }) };
      if (ready) part.goodAt = mono;
      else part.error = messageOf(error);
    };
    going.ended = Promise.try(() => part.check()).then(
      () => end(),
      (error: unknown) => end(error ?? new Error('it failed without saying why')),
    );
    part.going = going;
  }

  async function look(name: string, part: Part, patienceMs: number): Promise<State> {
    const due = !part.last || clock.mono() - part.last.mono >= FRESH_MS;
    const lost = part.going && clock.mono() - part.going.since >= LOST_MS;
    if (lost || (due && !part.going)) begin(part);
    if (part.going) await within(part.going.ended, patienceMs - (clock.mono() - part.going.since));
    const state = stateOf(part);
    tell(name, part, state);
    return state;
  }

  function stateOf({ going, last, goodAt, error }: Part): State {
    const hangsMs = going && clock.mono() - going.since;
    // A check that has only just begun is no reason to doubt what is known.
    const hangs = hangsMs !== undefined && (!last || hangsMs >= PATIENCE_MS);
    return {
      must: true,
      ready: hangs ? false : last?.ready,
      checkedAt: last?.at,
      goodAt,
      ...(hangs
        ? { hangsMs, reason: `it has not answered for ${(hangsMs / 1_000).toFixed(1)} s` }
        : { reason: last?.reason }),
      error,
    };
  }

  function tell(name: string, part: Part, { ready, reason, hangsMs, error }: State): void {
    // A first check that a probe was not patient with says nothing yet.
    if (ready === undefined || ready === part.told || (hangsMs !== undefined && hangsMs < PATIENCE_MS)) return;
    part.told = ready;
    // It is not about the request that happened to ask.
    runOutOfScope(() => {
      if (ready) log.info(`the ${name} is ready again`, { dependency: name });
      else
        log.warn(`the ${name} is not ready`, {
          dependency: name,
          reason,
          ...(hangsMs === undefined && error !== undefined && { detail: error }),
        });
    });
  }

  async function within(work: Promise<void>, ms: number): Promise<void> {
    if (ms <= 0) return;
    const done = new AbortController();
    const late = clock.sleep(ms, done.signal).catch(() => undefined);
    await Promise.race([work, late]);
    done.abort();
  }

  /** A first check that has only just begun tells nothing. */
  const isKnown = ([, { last, going }]: readonly [string, Part]): boolean =>
    last !== undefined || (going !== undefined && clock.mono() - going.since >= PATIENCE_MS);
  const withOthers = (own: readonly (readonly [string, State])[]): Map<string, State> => {
    const others = [...dependencies()].map(([name, state]) => [name, { ...state, must: false }] as const);
    return new Map([...own, ...others]);
  };

  return {
    states: async (patienceMs) =>
      withOthers(
        await Promise.all([...parts].map(async ([name, part]) => [name, await look(name, part, patienceMs)] as const)),
      ),
    known: () => withOthers([...parts].filter(isKnown).map(([name, part]) => [name, stateOf(part)] as const)),
  };
}

/** Addresses, paths and names of projects are for operators alone. */
const REASONS: Partial<Record<ErrorCode, string>> = {
  storage_full: 'there is no room left to store anything',
  gone: 'the data folder was removed or replaced; a restart makes a new one',
  unavailable: 'it does not answer, or refuses to work',
  not_configured: 'a setting that it needs is missing',
};

function reasonOf(error: unknown): string {
  return (isAppError(error) ? REASONS[error.code] : undefined) ?? 'it failed, for a reason that admins are told';
}
