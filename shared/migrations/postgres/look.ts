/** What is there: the row, and what became of a step that did not say how it ended. */
import type { Step, VersionState } from '../migration.ts';
import type { Truth } from '../session.ts';
import type { Context } from './context.ts';
import { failure, sqlStateOf } from './failure.ts';
import { NoSql, type Parsed, parseScript } from './statements.ts';

/** A script that was edited is another step. */
export function stepKey({ direction, migration }: Step): string {
  return `${direction} ${migration.version} ${migration[direction]?.checksum ?? ''}`;
}

export async function stateOf({ link, tables }: Context): Promise<VersionState> {
  try {
    const [rows] = await link.run(`select version, dirty from ${tables.versions} limit 1`);
    const [version, dirty] = rows?.[0] ?? [];
    if (typeof version !== 'string') return { version: undefined, dirty: false };
    return { version: version === '-1' ? undefined : BigInt(version), dirty: dirty === 't' };
  } catch (error) {
    // golang-migrate's Version() takes it for none, too.
    if (sqlStateOf(error) === '42P01') return { version: undefined, dirty: false };
    throw failure(error, 'while the version was read');
  }
}

export async function look(context: Context, step: Step): Promise<Truth> {
  const { text, directives } = step.migration[step.direction] ?? {};
  if (directives?.backfill) return lookBackfill(context, step);
  try {
    return (await lookUp(context, step, await parseScript(text ?? ''))).truth;
  } catch (error) {
    if (error instanceof NoSql) return 'unknown';
    throw error;
  }
}

/** Of a step that works in pages: by the row and the checkpoint, which counts as long as the fence's row tells of the same step. */
export async function lookBackfill(context: Context, step: Step): Promise<Truth> {
  const { version, dirty } = await stateOf(context);
  if (!dirty) return version === step.to ? 'applied' : version === step.from ? 'not applied' : 'unknown';
  if (version !== step.to) return 'unknown';
  const { link, tables } = context;
  try {
    const [rows] = await link.run(
      `select b.pages from ${tables.backfill} b join ${tables.fence} f using (id) where b.step = ${tables.literal(stepKey(step))} and f.step = b.step`,
    );
    const [pages] = rows?.[0] ?? [];
    return pages ? { pagesDone: Number(pages) } : 'unknown';
  } catch (error) {
    // A database that only an older version of ours has been at.
    if (sqlStateOf(error) === '42P01') return 'unknown';
    throw failure(error, 'while a checkpoint was read');
  }
}

export async function lookUp(
  context: Context,
  step: Step,
  { statements, units }: Parsed,
): Promise<{ state: VersionState; truth: Truth }> {
  const state = await stateOf(context);
  const is = (truth: Truth) => ({ state, truth });
  // A step that is stamped with its effect says all by the row.
  if (!state.dirty)
    return is(state.version === step.to ? 'applied' : state.version === step.from ? 'not applied' : 'unknown');
  if (state.version !== step.to) return is('unknown');
  const [rows] = await context.link.run(`select step, done, begun from ${context.tables.fence} where id = 1`);
  const [key, done, begun] = rows?.[0] ?? [];
  // golang-migrate's mark, or a person's.
  if (key !== stepKey(step)) return is('unknown');
  let sure = Number(done);
  if (Number(begun) > sure) {
    const unit = units.find(({ from }) => from === sure);
    if (!unit?.own) {
      const came = await didStatement(context, statements[sure]);
      if (came === undefined) return is('unknown');
      if (came) sure++;
    }
  }
  if (sure >= statements.length) return is('applied');
  return is(sure === 0 ? 'not applied' : { statementsDone: sure });
}

/** Whether the statement that was sent last took effect, where an index tells. */
async function didStatement(
  context: Context,
  statement: Parsed['statements'][number] | undefined,
): Promise<boolean | undefined> {
  if (!statement?.index) return undefined;
  const is = await indexIs(context, statement.index.name);
  return statement.index.does === 'create' ? is === 'valid' : is === 'absent';
}

/** An index whose concurrent making failed stays, invalid, and in the way of another try. */
export async function indexIs({ link, tables }: Context, name: string): Promise<'valid' | 'invalid' | 'absent'> {
  const [rows] = await link.run(
    `select indisvalid from pg_catalog.pg_index where indexrelid = pg_catalog.to_regclass(${tables.literal(name)})`,
  );
  const [valid] = rows?.[0] ?? [];
  return valid === undefined ? 'absent' : valid === 't' ? 'valid' : 'invalid';
}
