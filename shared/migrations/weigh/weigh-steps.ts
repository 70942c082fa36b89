/** A plan's steps with what they cost: locks and rewrites by their text, sizes and estimates by the database. */
import { isAppError } from '../../errors.ts';
import type { Step } from '../migration.ts';
import type { Estimate, Sample, Session, TableSize } from '../session.ts';
import { weighScript } from './weigh.ts';
import type { Weighed } from './weighed.ts';

/** Of one plan; what is beyond is counted and not told. */
const MOST_STATEMENTS = 1_000;
const MOST_SQL = 500;
/** Characters of scripts that are read for it: thousands of files are weighed in a second, a dump of 100 MB is not. */
const MOST_TEXT = 2_000_000;
/** Of one, since the parser makes a thousand times as many bytes of it. */
const MOST_OF_ONE = 500_000;
const MOST_TABLES = 200;
/** Steps in pages that are estimated, since each may take the database a while. */
const MOST_ESTIMATES = 20;

export interface StepWeight {
  statements: (Omit<Weighed, 'tables'> & {
    tables: (Weighed['tables'][number] & { rows?: number; bytes?: number })[];
  })[];
  /** So many more that are not told. */
  untold?: number;
  /** Of a step in pages; `unknown` says why it cannot be told, for instance because an earlier step makes its table. */
  backfill?: (Estimate & { samples?: Sample[] }) | { unknown: string };
}

/** One for each step. Changes nothing in the database. Throws only where the connection fails before all else. */
export async function weighSteps(
  session: Pick<Session, 'kind' | 'sizes' | 'estimate' | 'preview'>,
  steps: readonly Step[],
  { samples }: { samples: number },
): Promise<StepWeight[]> {
  const weighed = await weighTexts(session.kind, steps);
  const asked = weighed.flatMap(({ statements }) => statements.flatMap(({ tables }) => tables));
  const names = new Set(asked.filter(({ created }) => !created).map(({ name }) => name));
  const sizes = await session.sizes([...names].slice(0, MOST_TABLES));
  const sizeOf = new Map(sizes.map((size) => [size.table, size]));
  const weights: StepWeight[] = weighed.map(({ statements, untold }) => ({
    statements: statements.map((one) => ({ ...one, tables: one.tables.map((table) => withSize(table, sizeOf)) })),
    ...(untold > 0 && { untold }),
  }));
  let estimated = 0;
  for (const [place, step] of steps.entries()) {
    const weight = weights[place];
    const pages = step.migration[step.direction]?.directives.backfill !== undefined || session.kind === 'firestore';
    if (!weight || !pages || estimated++ >= MOST_ESTIMATES) continue;
    const backfill = await estimate(session, step, samples);
    if (backfill) weight.backfill = backfill;
  }
  return weights;
}

async function weighTexts(kind: Session['kind'], steps: readonly Step[]) {
  const found: { statements: Weighed[]; untold: number }[] = [];
  let text = MOST_TEXT;
  let left = MOST_STATEMENTS;
  for (const { migration, direction } of steps) {
    const script = migration[direction]?.text ?? '';
    text -= script.length;
    const all = text < 0 || script.length > MOST_OF_ONE ? [] : await weighScript(kind, script);
    const told = all.slice(0, left).map((one) => ({ ...one, sql: cut(one.sql) }));
    left -= told.length;
    found.push({ statements: told, untold: all.length - told.length });
  }
  return found;
}

const cut = (sql: string) => (sql.length > MOST_SQL ? `${sql.slice(0, MOST_SQL).toWellFormed()}…` : sql);

function withSize(table: Weighed['tables'][number], sizes: ReadonlyMap<string, TableSize>) {
  const size = table.created ? undefined : sizes.get(table.name);
  return { ...table, ...(size && { rows: size.rows, ...(size.bytes !== undefined && { bytes: size.bytes }) }) };
}

async function estimate(
  session: Pick<Session, 'estimate' | 'preview'>,
  step: Step,
  samples: number,
): Promise<StepWeight['backfill']> {
  try {
    const estimated = await session.estimate(step);
    if (!estimated) return undefined;
    return { ...estimated, ...(samples > 0 && { samples: await session.preview(step, samples) }) };
  } catch (error) {
    if (isAppError(error)) return { unknown: error.message };
    throw error;
  }
}
