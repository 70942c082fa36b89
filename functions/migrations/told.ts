/** From what is known to what is told: versions as texts, and of those who hold a lock no network address. */
import type { LeaseView } from '#shared/lease/lease.ts';
import type { Drift, Status } from '#shared/migrations/look.ts';
import type { Step } from '#shared/migrations/migration.ts';
import type { RunRecord } from '#shared/migrations/run.ts';
import type { HistoryRow, Holder } from '#shared/migrations/session.ts';
import type { Target } from '#shared/migrations/target.ts';
import type { StepWeight } from '#shared/migrations/weigh/weigh-steps.ts';
import { stateTold, versionTold } from './versions.ts';

/** A plan may hold thousands of files; those beyond this many characters are named without their text. */
const MOST_TEXT = 200_000;

/** Never its address, nor where that is kept. */
export function targetTold({ name, kind, labels, region, table }: Target) {
  return { name, kind, labels, ...(region !== undefined && { region }), table };
}

export function lookedTold({ state, pending }: Pick<Status, 'state' | 'pending'>) {
  return { ...stateTold(state), pending };
}

export function driftTold(drift: Drift) {
  const told = (found: Drift['edited']) => found.map(({ version, name }) => ({ version: version.toString(), name }));
  return { edited: told(drift.edited), missing: told(drift.missing), late: told(drift.late) };
}

/** Absent where nobody holds anything. */
export function holderTold(lease: LeaseView | undefined, holders: readonly Holder[]) {
  const holder = {
    ...(lease?.holder !== undefined && {
      lease: {
        holder: lease.holder,
        token: lease.token,
        since: lease.since,
        ...(lease.note !== undefined && { note: lease.note }),
        why: lease.why,
      },
    }),
    ...(holders.length > 0 && { database: holders.map(withoutAddress) }),
  };
  return Object.keys(holder).length > 0 ? holder : undefined;
}

function withoutAddress({ client: _, ...holder }: Holder): Omit<Holder, 'client'> {
  return holder;
}

type PlanGiven = {
  steps: readonly Step[];
  short?: number;
  weights?: readonly StepWeight[];
  warnings?: readonly string[];
};

export function planTold(command: string, { steps, short, weights, warnings }: PlanGiven) {
  let room = MOST_TEXT;
  return {
    command,
    steps: steps.map(({ direction, migration, from, to }, place) => {
      const weight = weights?.[place];
      const script = migration[direction];
      const fits = script !== undefined && script.text.length <= room;
      if (fits) room -= script.text.length;
      return {
        direction,
        version: migration.version.toString(),
        name: migration.name,
        from: versionTold(from),
        to: versionTold(to),
        ...(script && {
          file: script.file,
          checksum: script.checksum,
          transaction: !script.directives.noTransaction,
          ...(fits && { sql: script.text }),
          ...weight,
        }),
      };
    }),
    ...(short !== undefined && { short }),
    ...(warnings && { warnings }),
  };
}

export function historyTold({ version, down, checksum, ms, ...row }: HistoryRow) {
  return {
    version: version.toString(),
    ...row,
    ms: Math.round(ms * 10) / 10,
    ...(checksum !== undefined && { checksum }),
    canGoBack: down !== undefined,
  };
}

/** Of a run that came through after all, nothing is told of what went wrong on the way. */
export function runTold(id: string, { version, waitingFor, error, ...record }: RunRecord) {
  // Without one, `force` was asked for none.
  const asked = version !== undefined || record.command === 'force' ? { version: version ?? null } : {};
  return {
    id,
    ...record,
    ...asked,
    ...(waitingFor && { waitingFor: { ...waitingFor, holders: waitingFor.holders.map(withoutAddress) } }),
    ...(error && record.state !== 'done' && { error }),
  };
}
