/** A step began and its row does not say how it ended: the database is asked before a person is. */
import { AppError } from '../errors.ts';
import { lateMigrations } from './deviations.ts';
import type { Bundle, Migration, Step, VersionState } from './migration.ts';
import { replayHistory } from './replay-history.ts';
import type { ApplyGiven, HistoryRow, Session } from './session.ts';

type Stamping = Pick<ApplyGiven, 'token' | 'run' | 'by' | 'bundle'>;

/** What was found: where the row is now, and the step to go on with, where it stands in the middle of one. */
export interface Settled {
  state: VersionState;
  /** Took effect, and is stamped now. */
  applied?: Step;
  resume?: Step;
}

/** Throws `migration_dirty`, with what a person can do, where the database cannot tell. */
export async function settleDirty(
  session: Session,
  {
    state,
    bundle,
    history,
    given,
  }: { state: VersionState; bundle: Bundle; history: readonly HistoryRow[]; given: Stamping },
): Promise<Settled> {
  const candidates = stepsThatLeave(state, bundle, history);
  for (const step of candidates) {
    const settled = await settleStep(session, step, given);
    if (settled) return settled;
  }
  throw dirtyError(state, candidates);
}

/** Undefined where the truth is unknown. */
export async function settleStep(session: Session, step: Step, given: Stamping): Promise<Settled | undefined> {
  const truth = await session.look(step);
  if (truth === 'unknown') return undefined;
  if (truth === 'applied') {
    const state = { version: step.to, dirty: false };
    // A row of `down` would name the version that it went to. With its name, it still counts as a step of the run.
    const direction = step.direction === 'up' ? 'up' : 'force';
    const { version, name, up, down } = step.migration;
    // The row of an `up` is what its `apply` would have left.
    const kept = {
      of: version,
      ...(up && { checksum: up.checksum }),
      ...(down && { down: down.text }),
    };
    await session.stamp(state, { ...given, direction, name, ...(direction === 'up' && kept) });
    return { state, applied: step };
  }
  if (truth === 'not applied') {
    const state = { version: step.from, dirty: false };
    await session.stamp(state, { ...given, direction: 'force', name: '' });
    return { state };
  }
  return { state: { version: step.to, dirty: true }, resume: step };
}

export function dirtyError({ version }: VersionState, [step]: readonly Step[]): AppError {
  const at = version === undefined ? 'no version' : `version ${version}`;
  if (!step)
    return new AppError(
      'migration_dirty',
      `The database is at ${at}, marked dirty, and no file tells which step that was. Find out where it is, then \`force\` that version.`,
    );
  const { direction, migration, from, to } = step;
  const began = `The database is at ${at}, marked dirty: ${migration.version}_${migration.name} (${direction}) began, and nobody can tell how it ended.`;
  if (from === to)
    return new AppError(
      'migration_dirty',
      `${began} It was merged late, and leaves the version as it is: take back what it left in the database and \`force ${to ?? -1}\`; the next \`up\` begins it again.`,
    );
  return new AppError(
    'migration_dirty',
    `${began} ` +
      `Look into the database: where it took effect, \`force ${to ?? -1}\`; where it did not, take back what it left and \`force ${from ?? -1}\`.`,
  );
}

/**
 * golang-migrate writes the version a step goes to before it runs: that is the one of an `up`, or the one below a `down`. Which it was, the history tells by
 * where the database stood before; without one it may be either. One that was merged late leaves it where it was: `look` knows each by its name.
 */
function stepsThatLeave(state: VersionState, bundle: Bundle, history: readonly HistoryRow[]): Step[] {
  const { version } = state;
  const { migrations } = bundle;
  const index = version === undefined ? -1 : migrations.findIndex((one) => one.version === version);
  const known = version === undefined || index >= 0;
  const of = (
    migration: Migration | undefined,
    direction: Step['direction'],
    before: Migration | undefined,
  ): Step[] => {
    if (!migration) return [];
    const [from, to] = direction === 'up' ? [before?.version, migration.version] : [migration.version, version];
    return [{ direction, migration, from, to }];
  };
  const up = of(migrations[index], 'up', migrations[index - 1]);
  const above = known ? migrations[index + 1] : migrations.find((one) => one.version > (version ?? -1n));
  const down = of(above, 'down', undefined);
  const { end } = replayHistory(history, undefined);
  if (!end) return [...up, ...down];
  // Where it stood on a late one itself, that is marked as any other.
  const late = lateMigrations(bundle, { ...state, dirty: false }, history).map(
    (migration): Step => ({ direction: 'up', migration, from: version, to: version }),
  );
  const level = 'at' in end ? end.at : end.below - 1n;
  const marked = version ?? -1n;
  if (level > marked) return [...down, ...late];
  return level === marked ? [...late, ...up] : [...up, ...late];
}

/** The row that a step will leave, so that what is planned behind it is planned on that. */
export function rowAhead({ direction, migration: { version, name, up, down } }: Step, given: Stamping): HistoryRow {
  const kept =
    direction === 'up' ? { checksum: up?.checksum, down: down?.text } : { checksum: undefined, down: undefined };
  return { ...given, ...kept, version, name, direction, at: '', ms: 0 };
}
