/** `-- +job name value` lines: what a migration says of how it is to be run. */
import { AppError, isAppError } from '../errors.ts';
import { pageStatement } from './backfill/marker.ts';
import { readBackfillOf } from './backfill/names.ts';
import type { Directives } from './migration.ts';

/** `//` is how a TypeScript migration says it; no SQL has a statement that begins so. */
const DIRECTIVE = /^(?:--|\/\/)\s*\+job\b(.*)$/;
/** Where the first statement begins: after empty lines and comments. `#` begins a comment in MySQL and no statement anywhere. */
const HEAD = /^(?:\s+|(?:--|\/\/)[^\n]*(?:\n|$)|#[^\n]*(?:\n|$)|\/\*(?!!)[\s\S]*?\*\/)*/;
const DURATION = /^(\d{1,10})(ms|s|m|h)$/;
const MS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const;
const WHOLE = /^[1-9]\d{0,8}$/;
const BATCH = 1_000;
const MOST_BATCH = 100_000;
const KNOWN = 'no-transaction, lock-timeout, statement-timeout, irreversible, backfill, batch and rows-per-second';
/** More is refused by PostgreSQL. */
const MOST_MS = 2 ** 31 - 1;

/** Throws `migration_refused` with the file and the line where one is unknown, said twice, or stands where nobody would read it. */
export function readDirectives(file: string, text: string): Directives {
  const directives: Directives = { noTransaction: false, irreversible: false };
  if (!text.includes('+job')) return directives;
  const head = HEAD.exec(text)?.[0].length ?? 0;
  const seen = new Set<string>();
  const paging: Paging = {};
  let at = 0;
  for (const [index, line] of text.split('\n').entries()) {
    const said = DIRECTIVE.exec(line.replace(/^\ufeff/, '').trim())?.[1]?.trim();
    const refuse = (why: string) => new AppError('migration_refused', `${file}, line ${index + 1}: ${why}`);
    // `-- +job ignore rule` is for lint, and may stand above any statement.
    if (said !== undefined && !/^ignore\b/.test(said)) {
      const [name = '', ...values] = said.split(/\s+/);
      const rest = said.slice(name.length).trim();
      if (at >= head) throw refuse(`"-- +job ${name}" must stand before the first statement`);
      if (seen.has(name)) throw refuse(`"-- +job ${name}" is there twice`);
      seen.add(name);
      if (name === 'backfill' || name === 'batch' || name === 'rows-per-second') readPaging(paging, name, rest, refuse);
      else read(directives, name, values, refuse);
    }
    at += line.length + 1;
  }
  return withBackfill(directives, paging, { file, text });
}

/** What is said of pages, before it is known whether there are any. */
interface Paging {
  of?: { table: string; key: string[] };
  batch?: number;
  rowsPerSecond?: number;
}

function readPaging(
  paging: Paging,
  name: 'backfill' | 'batch' | 'rows-per-second',
  said: string,
  refuse: (why: string) => AppError,
): void {
  if (name === 'backfill') {
    const of = readBackfillOf(said);
    if (!of)
      throw refuse('"-- +job backfill" takes a table and its key, such as "orders by id" or "app.orders by shop, id"');
    paging.of = of;
    return;
  }
  const most = name === 'batch' ? MOST_BATCH : Number.MAX_SAFE_INTEGER;
  const value = WHOLE.test(said) ? Number(said) : 0;
  if (value < 1 || value > most)
    throw refuse(`"-- +job ${name}" takes a whole number from 1${name === 'batch' ? ` to ${MOST_BATCH}` : ''}`);
  if (name === 'batch') paging.batch = value;
  else paging.rowsPerSecond = value;
}

function withBackfill(
  directives: Directives,
  { of, batch, rowsPerSecond }: Paging,
  script: { file: string; text: string },
): Directives {
  const refuse = (why: string) => new AppError('migration_refused', `${script.file}: ${why}`);
  if (!of) {
    if (batch === undefined && rowsPerSecond === undefined) return directives;
    throw refuse('"-- +job batch" and "-- +job rows-per-second" are for a "-- +job backfill"');
  }
  if (directives.noTransaction)
    throw refuse('"-- +job backfill" and "-- +job no-transaction" exclude each other: each page is a transaction');
  const backfill = { ...of, batch: batch ?? BATCH, ...(rowsPerSecond !== undefined && { rowsPerSecond }) };
  checkStatement(script, backfill);
  return { ...directives, backfill };
}

/** Whose dialect it is in is not known here: it must be right in one of them, and is read once more where it is used. */
function checkStatement(script: { file: string; text: string }, backfill: NonNullable<Directives['backfill']>): void {
  let first: unknown;
  for (const dialect of ['postgres', 'mysql', 'sqlite'] as const)
    try {
      pageStatement(script, backfill, dialect);
      return;
    } catch (error) {
      if (!isAppError(error)) throw error;
      first ??= error;
    }
  throw first;
}

function read(directives: Directives, name: string, values: string[], refuse: (why: string) => AppError): void {
  const flag = () => {
    if (values.length > 0) throw refuse(`"-- +job ${name}" takes no value`);
    return true;
  };
  const duration = () => {
    const [, digits, unit] = (values.length === 1 && DURATION.exec(values[0] ?? '')) || [];
    const ms = Number(digits) * MS[unit as keyof typeof MS];
    if (!(ms <= MOST_MS))
      throw refuse(`"-- +job ${name}" takes a duration such as 500ms, 5s, 2m or 1h, 24 days at most`);
    return ms;
  };
  if (name === 'no-transaction') directives.noTransaction = flag();
  else if (name === 'irreversible') directives.irreversible = flag();
  else if (name === 'lock-timeout') directives.lockTimeoutMs = duration();
  else if (name === 'statement-timeout') directives.statementTimeoutMs = duration();
  else throw refuse(`there is no "-- +job ${name}"; there are ${KNOWN}`);
}
