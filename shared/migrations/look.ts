/** What can be told of a target without changing it: each answer by a connection of its own, which takes no lock and makes no table. */
import { AppError } from '../errors.ts';
import type { LeaseView } from '../lease/lease.ts';
import { editedMigrations, lateMigrations, missingMigrations, warningsOf } from './deviations.ts';
import type { Bundle, Version, VersionState } from './migration.ts';
import type { Planned } from './plan-steps.ts';
import { replayHistory } from './replay-history.ts';
import type { Command } from './run.ts';
import type { RunnerParts } from './runner.ts';
import type { HistoryRow, Holder, Session } from './session.ts';
import type { Target } from './target.ts';
import type { StepWeight } from './weigh/weigh-steps.ts';

interface Found {
  version: Version;
  name: string;
}

export interface Drift {
  /** Applied with another text than the file has now. */
  edited: Found[];
  /** Applied, and no file any more. */
  missing: Found[];
  /** Below the database's version, and never applied: merged late. */
  late: Found[];
}

export interface Status {
  state: VersionState;
  /** What an `up` would apply: the files above the version, and the late ones where the policy says so. */
  pending: number;
  drift: Drift;
  /** Who has the database's lock, as far as it tells. */
  holders: Holder[];
  /** Who leads, by the lease; undefined where nobody ever did. */
  lease?: LeaseView;
  /** What took effect last. */
  head?: HistoryRow;
}

export interface Verified {
  drift: Drift;
  state: VersionState;
  /** The version that our history ends at, where it is another: somebody else moved the database. */
  historyAt?: Version | null;
  ok: boolean;
}

export interface PlanFound extends Planned {
  /** What the policy only warns of; absent where there is nothing. */
  warnings?: string[];
  /** One for each step, where they were asked for. */
  weights?: readonly StepWeight[];
}

/** What a report on many targets tells of each. */
export interface Surveyed extends Pick<Status, 'state' | 'pending' | 'head'> {
  /** The hash of its files. */
  bundle: string;
  /** Of its schema, where it was asked for. */
  fingerprint?: string;
}

export interface Look {
  targets(): Promise<readonly Target[]>;
  /** Throws `not_found`. */
  target(name: string): Promise<Target>;
  status(name: string, signal?: AbortSignal): Promise<Status>;
  /** With `weigh`, what each step costs, and of a step in pages so many samples. */
  plan(name: string, command: Command, signal?: AbortSignal, weigh?: { samples: number }): Promise<PlanFound>;
  history(name: string, limit: number, signal?: AbortSignal): Promise<HistoryRow[]>;
  verify(name: string, signal?: AbortSignal): Promise<Verified>;
  survey(name: string, options: { fingerprints: boolean; signal?: AbortSignal }): Promise<Surveyed>;
}

const MOST_ROWS = 100_000;
/** Of all a look does, in milliseconds. */
const LOOK_MS = 30_000;

export function createLook(
  parts: Pick<RunnerParts, 'openSession' | 'readBundle' | 'targets' | 'leases' | 'clock'>,
): Look {
  async function target(name: string): Promise<Target> {
    const found = (await parts.targets()).find((one) => one.name === name);
    if (!found) throw new AppError('not_found', `there is no target ${JSON.stringify(name)}`);
    return found;
  }

  /** Throws `unavailable` where it takes too long. */
  async function withSession<T>(of: Target, outer: AbortSignal | undefined, work: (session: Session) => Promise<T>) {
    const ended = new AbortController();
    const late = new AbortController();
    parts.clock.sleep(LOOK_MS, ended.signal).then(
      () => late.abort(new AppError('unavailable', `${of.name} did not answer within ${LOOK_MS / 1_000} s`)),
      () => undefined,
    );
    const signal = outer ? AbortSignal.any([outer, late.signal]) : late.signal;
    try {
      await using session = await parts.openSession(of, { signal, application: 'hawker look', clock: parts.clock });
      return await work(session);
    } finally {
      ended.abort();
    }
  }

  const read = async (session: Session) => ({
    state: await session.state(),
    history: await session.history(MOST_ROWS),
  });

  return {
    targets: parts.targets,
    target,

    async status(name, signal) {
      const found = await target(name);
      const [bundle, leases] = await Promise.all([parts.readBundle(found), parts.leases()]);
      const lease = await leases.observe(leaseName(name));
      return withSession(found, signal, async (session) => {
        const { state, history } = await read(session);
        const [head] = history;
        const drift = driftOf(bundle, state, history);
        return {
          state,
          pending: pendingOf(found, bundle, state, drift),
          drift,
          holders: await session.holders(),
          ...(lease && { lease }),
          ...(head && { head }),
        };
      });
    },

    async plan(name, command, signal, weigh) {
      const found = await target(name);
      const bundle = await parts.readBundle(found);
      const { planSteps } = await import('./plan-steps.ts');
      return withSession(found, signal, async (session) => {
        const { state, history } = await read(session);
        const warnings = warningsOf(command, state.version, found.policy ?? {}, bundle, state, history);
        const planned = {
          ...planSteps(command, bundle, state, history, found.policy),
          ...(warnings.length > 0 && { warnings }),
        };
        if (!weigh) return planned;
        const { weighSteps } = await import('./weigh/weigh-steps.ts');
        return { ...planned, weights: await weighSteps(session, planned.steps, weigh) };
      });
    },

    async survey(name, { fingerprints, signal }) {
      const found = await target(name);
      const bundle = await parts.readBundle(found);
      return withSession(found, signal, async (session) => {
        const { state, history } = await read(session);
        const [head] = history;
        return {
          state,
          pending: pendingOf(found, bundle, state, driftOf(bundle, state, history)),
          bundle: bundle.hash,
          ...(head && { head }),
          ...(fingerprints && { fingerprint: await session.fingerprint() }),
        };
      });
    },

    history: async (name, limit, signal) =>
      withSession(await target(name), signal, (session) => session.history(limit)),

    async verify(name, signal) {
      const found = await target(name);
      const bundle = await parts.readBundle(found);
      return withSession(found, signal, async (session) => {
        const { state, history } = await read(session);
        const drift = driftOf(bundle, state, history);
        const historyAt = levelOf(bundle, history);
        const agrees = history.length === 0 || historyAt === (state.version ?? null);
        const ok = agrees && !state.dirty && Object.values(drift).every((list: Found[]) => list.length === 0);
        return { drift, state, ok, ...(!agrees && { historyAt }) };
      });
    },
  };
}

function pendingOf(
  { policy }: Target,
  { migrations }: Bundle,
  { version: at = -1n }: VersionState,
  { late }: Drift,
): number {
  return migrations.filter(({ version }) => version > at).length + (policy?.late === 'apply' ? late.length : 0);
}

export function leaseName(target: string): string {
  return `migrate.${target}`;
}

function driftOf(...given: [Bundle, VersionState, HistoryRow[]]): Drift {
  const names = (list: readonly Found[]) => list.map(({ version, name }) => ({ version, name }));
  return {
    edited: names(editedMigrations(...given)),
    missing: names(missingMigrations(...given)),
    late: names(lateMigrations(...given)),
  };
}

/** Where the rows left the database; null is no version. */
function levelOf({ migrations }: Bundle, history: readonly HistoryRow[]): Version | null {
  const { end } = replayHistory(history, undefined);
  if (!end) return null;
  if ('below' in end) return migrations.findLast(({ version }) => version < end.below)?.version ?? null;
  return end.at < 0n ? null : end.at;
}
