/**
 * The statement of a backfill and the place in it where the bounds of a page go. A bound that stands in the wrong place does not fail, it changes rows of other pages again; so what cannot be seen
 * to be right is refused.
 */
import { AppError } from '../../errors.ts';
import type { Backfill, Script } from '../migration.ts';
import { namesOf } from './names.ts';
import { type SqlDialect, type Token, tokensIn } from './tokens.ts';

const VERBS = new Set(['UPDATE', 'DELETE', 'INSERT', 'REPLACE', 'WITH']);
/** Where these stand beside the marker, the bounds hold for a part of the rows alone. */
const SPLITTING = new Set(['UNION', 'INTERSECT', 'EXCEPT', 'LIMIT', 'FETCH']);
/** What a subquery in brackets may be a part of. */
const CLAUSES = new Set(['SET', 'SELECT', 'VALUES', 'RETURNING', 'HAVING', 'FROM', 'WHERE', 'WHEN']);
const MAY_FOLLOW = new Set([')', ';', 'RETURNING', 'ON', 'ORDER', 'GROUP']);

export interface PageStatement {
  /** The statement for the rows within these bounds, without its semicolon. */
  within(bounds: string): string;
  /** Words and names in it, for whoever must know what it writes to. */
  mentions(name: string): boolean;
}

type Written = Pick<Script, 'file' | 'text'>;

/** Throws `migration_refused` with file and line. */
export function pageStatement({ file, text }: Written, backfill: Backfill, dialect: SqlDialect): PageStatement {
  const refuse = (at: number, why: string) =>
    new AppError('migration_refused', `${file}, line ${text.slice(0, at).split('\n').length}: ${why}`);
  const tokens = [...tokensIn(text, dialect)];
  const end = tokens.findIndex(({ what }) => what === ';');
  const second = end < 0 ? undefined : tokens.slice(end).find(({ what }) => what !== ';');
  if (second) throw refuse(second.at, 'a backfill is one statement, and another one begins here');
  const statement = end < 0 ? tokens : tokens.slice(0, end);
  const [first] = statement;
  if (!first || !VERBS.has(first.what))
    throw refuse(first?.at ?? 0, 'a backfill is an UPDATE, DELETE or INSERT ... SELECT');
  const markers = statement.filter(({ what }) => what === 'page');
  const [marker] = markers;
  if (!marker) throw refuse(first.at, 'a backfill needs the comment /* +job page */ behind its condition');
  if (markers[1]) throw refuse(markers[1].at, 'the comment /* +job page */ is there twice');

  const levels = levelsOf(statement, marker);
  const beside = levels.at(-1)?.tokens ?? [];
  const splitting = beside.find(({ what }, k) => SPLITTING.has(what) && beside[k - 1]?.what !== '.');
  if (splitting) throw refuse(splitting.at, `${splitting.what} cannot stand beside /* +job page */`);
  const before = beside.slice(0, beside.indexOf(marker));
  const where = before.findLast(({ what }) => what === 'WHERE');
  if (!where || where === before.at(-1))
    throw refuse(
      marker.at,
      '/* +job page */ must stand behind a condition: WHERE ... /* +job page */, in the same brackets',
    );
  if (before.some(({ what }) => what === 'CONFLICT'))
    throw refuse(marker.at, 'behind ON CONFLICT, /* +job page */ bounds none of the rows that are inserted');
  const loose = levels.slice(0, -1).find(boundsNothing);
  if (loose) throw refuse(marker.at, 'in these brackets, /* +job page */ does not bound the rows that are changed');
  const next = statement[statement.indexOf(marker) + 1];
  if (next && !MAY_FOLLOW.has(next.what))
    throw refuse(next.at, 'nothing of the condition may stand behind /* +job page */');
  const keyed = keySet(statement, text, backfill);
  if (keyed) throw refuse(keyed.at, 'a backfill cannot change the columns that it goes by');
  if (fillsItself(statement, text, backfill))
    throw refuse(first.at, 'a backfill that inserts into its own table would never end');

  const stop = statement.at(-1)?.end ?? text.length;
  const names = new Set(statement.map((token) => plainly(text, token)));
  return {
    // The brackets are for a condition with an OR.
    within: (bounds) =>
      `${text.slice(first.at, where.end)} (${text.slice(where.end, marker.at)}) AND (${bounds}) ${text.slice(marker.end, stop)}`,
    mentions: (name) => names.has(name.toLowerCase()),
  };
}

interface Level {
  /** What stands in the same brackets, without what is in brackets within. */
  tokens: Token[];
  /** How many of them stand before the token that was asked for, or the bracket that holds it. */
  before: number;
}

/** From the outermost brackets to those that the token itself stands in. */
function levelsOf(statement: readonly Token[], asked: Token): Level[] {
  const open: Token[][] = [[]];
  let found: Level[] = [];
  for (const token of statement) {
    if (token.what === ')') open.pop();
    if (token === asked) found = open.map((tokens) => ({ tokens, before: tokens.length }));
    open.at(-1)?.push(token);
    if (token.what === '(') open.push([]);
  }
  return found;
}

/** Fewer rows in the brackets are not fewer rows around them: they give a value, are denied, or are one case of several. */
function boundsNothing({ tokens, before }: Level): boolean {
  const words = tokens.map(({ what }) => what);
  const [last = '', last2 = ''] = words.slice(0, before - 1).reverse();
  if (['NOT', 'ALL'].includes(last)) return true;
  if (['IN', 'EXISTS'].includes(last) && last2 === 'NOT') return true;
  if (last === 'JOIN' && ['LEFT', 'RIGHT', 'FULL', 'OUTER'].includes(last2)) return true;
  const clause = words.slice(0, before).findLast((word) => CLAUSES.has(word));
  return clause === 'WHERE' ? words.includes('OR') : clause !== undefined && clause !== 'FROM';
}

const plainly = (text: string, { at, end }: Token) =>
  text
    .slice(at, end)
    .replaceAll(/^["`[]|["`\]]$/g, '')
    .toLowerCase();

function keySet(statement: readonly Token[], text: string, { key }: Backfill): Token | undefined {
  if (statement[0]?.what !== 'UPDATE') return undefined;
  const columns = new Set(key.flatMap(namesOf).map((name) => name.text.toLowerCase()));
  const set = statement.findIndex(({ what }) => what === 'SET');
  const beside = levelsOf(statement, statement[set] as Token).at(-1)?.tokens ?? [];
  const from = beside.findIndex(({ what }) => what === 'SET');
  const to = beside.findIndex(({ what }, k) => k > from && (what === 'FROM' || what === 'WHERE'));
  return beside
    .slice(from, to)
    .find(
      (token, k, list) =>
        columns.has(plainly(text, token)) &&
        ['SET', ',', '.'].includes(list[k - 1]?.what ?? '') &&
        list[k + 1]?.what === '=',
    );
}

function fillsItself(statement: readonly Token[], text: string, { table }: Backfill): boolean {
  const into = statement.findIndex(({ what }) => what === 'INTO');
  if (into < 0) return false;
  const parts: string[] = [];
  for (let k = into + 1; k < statement.length; k += 2) {
    parts.push(plainly(text, statement[k] as Token));
    if (statement[k + 1]?.what !== '.') break;
  }
  return (
    parts.join('.') ===
    namesOf(table)
      .map((name) => name.text.toLowerCase())
      .join('.')
  );
}
