/** Up, down, and up again: see rehearse.ts. */
import { AppError, type ErrorCode } from '../../errors.ts';
import type { Bundle, Migration, Step } from '../migration.ts';
import type { Session } from '../session.ts';
import { compareSchemas, type Difference, differenceText, newDifference } from './compare-schemas.ts';
import type { Problem, RehearsedStep } from './rehearse.ts';
import type { Scratch } from './scratch.ts';

const TOKEN = 1;
const NONE: Difference = { leftOver: [], missing: [] };
/** The migration is at fault, or what it was rehearsed on lacks something; anything else is no outcome of a rehearsal. */
const AT_FAULT: readonly ErrorCode[] = ['migration_failed', 'migration_refused', 'migration_dirty', 'conflict'];

export async function walk(
  { migrations, hash }: Bundle,
  scratch: Pick<Scratch, 'session' | 'advice' | 'ended'>,
  signal: AbortSignal,
): Promise<{ steps: RehearsedStep[]; problems: Problem[] }> {
  const { session } = scratch;
  const steps = new Map<number, RehearsedStep>();
  const problems: Problem[] = [];
  await session.prepare();
  if (!(await session.tryLock())) throw new AppError('unavailable', 'somebody else is on the scratch database');
  await session.raiseFence(TOKEN);

  /** The schema below the first, and above each. */
  const levels: string[][] = [await schemaOf(session)];
  /** Where the schema is now off what it was at this level first. */
  let off = NONE;

  const versionAt = (level: number) => migrations[level - 1]?.version;
  const stepOf = (migration: Migration, k: number, direction: Step['direction']): Step => {
    const [below, above] = [versionAt(k), migration.version];
    const [from, to] = direction === 'up' ? [below, above] : [above, below];
    return { direction, migration, from, to };
  };

  /** Answers milliseconds, or undefined where it failed. */
  const take = async (k: number, direction: Step['direction'], again = false): Promise<number | undefined> => {
    const migration = migrations[k] as Migration;
    const { version } = migration;
    const given = { token: TOKEN, run: 'rehearsal', by: 'rehearsal', bundle: hash, more: true, signal };
    try {
      const { ms } = await session.apply(stepOf(migration, k, direction), given);
      return Math.round(ms);
    } catch (error) {
      signal.throwIfAborted();
      const ended = scratch.ended();
      if (!ended && !(error instanceof AppError && AT_FAULT.includes(error.code))) throw error;
      const why = ended ?? (error as AppError);
      const advice = scratch.advice(why);
      const detail = `${again ? 'applied a second time: ' : ''}${why.message}${advice ? `. ${advice}` : ''}`;
      problems.push({ version, direction, kind: 'failed', detail });
      return undefined;
    }
  };

  /** Whether a failed step left everything as it was. */
  const untouched = async (k: number, schema: readonly string[], direction: Step['direction']): Promise<boolean> => {
    if (scratch.ended()) return false;
    const { version, dirty } = await session.state();
    const stands = direction === 'up' ? versionAt(k) : migrations[k]?.version;
    return !dirty && version === stands && !differenceText(compareSchemas(schema, await schemaOf(session)));
  };

  const compare = async (k: number, direction: Step['direction'], kind: Problem['kind']): Promise<string[]> => {
    const { version } = migrations[k] as Migration;
    const expected = levels[direction === 'up' ? k + 1 : k] ?? [];
    const found = await schemaOf(session);
    const now = compareSchemas(expected, found);
    const detail = differenceText(newDifference(now, off));
    if (detail) problems.push({ version, direction, kind, detail });
    off = now;
    return found;
  };

  /** Answers whether it came to the end. */
  const stretch = async (from: number, to: number): Promise<boolean> => {
    let [top, whole] = [from, true];
    for (; top < to; top++) {
      const { version, name } = migrations[top] as Migration;
      const ms = await take(top, 'up');
      if (ms === undefined) {
        whole = false;
        if (!(await untouched(top, levels[top] ?? [], 'up'))) return false;
        break;
      }
      steps.set(top, { version, name, up: { ms } });
      levels[top + 1] = await schemaOf(session);
    }
    let bottom = top;
    let found: string[] = levels[top] ?? [];
    while (bottom > from) {
      const ms = await take(bottom - 1, 'down');
      if (ms === undefined) {
        whole = false;
        if (!(await untouched(bottom - 1, found, 'down'))) return false;
        break;
      }
      bottom--;
      Object.assign(steps.get(bottom) ?? {}, { down: { ms } });
      found = await compare(bottom, 'down', 'down differs');
    }
    for (; bottom < top; bottom++) {
      const ms = await take(bottom, 'up', true);
      if (ms === undefined) return false;
      Object.assign(steps.get(bottom) ?? {}, { upAgain: { ms } });
      await compare(bottom, 'up', 'up again differs');
    }
    return whole;
  };

  let begin = 0;
  const apart = migrations.flatMap((migration, k) => {
    const why = whyNoWayBack(migration);
    return why ? [{ k, why }] : [];
  });
  for (const { k, why } of [...apart, { k: migrations.length, why: undefined }]) {
    if (!(await stretch(begin, k))) break;
    if (why === undefined) break;
    const { version, name } = migrations[k] as Migration;
    problems.push({ version, direction: 'down', kind: 'no way back', detail: why });
    const ms = await take(k, 'up');
    if (ms === undefined) break;
    steps.set(k, { version, name, up: { ms } });
    levels[k + 1] = await schemaOf(session);
    off = NONE;
    begin = k + 1;
  }
  return { steps: [...steps.values()], problems };
}

function whyNoWayBack({ up, down }: Migration): string | undefined {
  const final = [up, down].find((script) => script?.directives.irreversible);
  if (final) return `${final.file} says that it is irreversible`;
  return down ? undefined : 'there is no file that takes it back';
}

async function schemaOf(session: Session): Promise<string[]> {
  const lines = await session.schema?.();
  if (!lines) throw new AppError('migration_refused', 'this kind of database has no schema to compare');
  return lines;
}
