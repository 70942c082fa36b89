/** The rules for PostgreSQL, on the tree that its own parser makes. */
import type { ColumnDef, Node, RangeVar } from 'libpg-query';
import { isSerial, typeOf } from '../weigh/pg-columns.ts';
import {
  findAll,
  nameOf,
  type PgScript,
  type PgStatement,
  readPgScript,
  sqlName,
  stringsOf,
} from '../weigh/pg-script.ts';
import { type LintedScript, noEffects, type Raised } from './finding.ts';
import { lintAlter, type PgPlace } from './pg-alter.ts';
import { noteEffects } from './pg-effects.ts';
import { learn, type PgKnown } from './pg-known.ts';
import { lintTransactions } from './pg-transactions.ts';

interface Given {
  known: PgKnown;
  down: boolean;
  /** It works in pages. */
  backfill: boolean;
}

export async function lintPostgres(text: string, given: Given): Promise<LintedScript> {
  const script = await readPgScript(text);
  const raised: Raised[] = [];
  const effects = noEffects();
  if (script.error) {
    const { message, offset } = script.error;
    return { raised: [{ rule: 'syntax-error', offset, message }], ranges: [], effects: { ...effects, unclear: true } };
  }
  const made = new Set<string>();
  raised.push(...lintTransactions(script));
  for (const statement of script.statements) {
    const { node, start } = statement;
    const say: PgPlace['say'] = (rule, message, byte) =>
      raised.push({ rule, message, offset: byte === undefined || byte < 0 ? start : script.offset(byte) });
    lintStatement(node, { ...given, say, made });
    for (const name of longNames(statement)) raised.push(name);
    learn(given.known, node);
    noteEffects(effects, node, start);
    for (const name of madeBy(node)) made.add(name);
  }
  const ranges = script.statements.map(({ start, sql }) => ({ start, end: start + sql.length }));
  return { raised: withinStatements(raised, script), ranges, effects };
}

function lintStatement(node: Node, place: Given & PgPlace & { made: ReadonlySet<string> }): void {
  const { say, made, down, backfill } = place;
  const isNew = (table: RangeVar | undefined) =>
    table !== undefined && (made.has(nameOf(table)) || table.relpersistence === 't');
  for (const column of findAll<ColumnDef>(node, 'ColumnDef')) lintType(column, say);
  if ('AlterTableStmt' in node && node.AlterTableStmt.objtype === 'OBJECT_TABLE') {
    if (!isNew(node.AlterTableStmt.relation)) lintAlter(node.AlterTableStmt, place);
  } else if ('IndexStmt' in node) {
    const { concurrent, relation } = node.IndexStmt;
    if (!concurrent && !isNew(relation) && relation)
      say(
        'require-concurrent-index-creation',
        `takes SHARE on ${nameOf(relation)} while an index is built: nobody writes meanwhile`,
      );
  } else if ('ReindexStmt' in node) {
    const concurrently = findAll<{ defname?: string }>(node, 'DefElem').some(
      ({ defname }) => defname === 'concurrently',
    );
    if (!concurrently) say('require-concurrent-reindex', 'takes ACCESS EXCLUSIVE on each index while it is built anew');
  } else if ('DropStmt' in node) {
    const names = (node.DropStmt.objects ?? []).flatMap((object) =>
      'List' in object ? [stringsOf(object.List.items)] : [],
    );
    const old = names.filter((parts) => !made.has(sqlName(parts)) && !made.has(`index ${parts.at(-1)}`));
    if (node.DropStmt.removeType === 'OBJECT_INDEX' && !node.DropStmt.concurrent && old.length > 0)
      say('require-concurrent-index-deletion', `takes ACCESS EXCLUSIVE on the table of ${old.map(sqlName).join(', ')}`);
    if (node.DropStmt.removeType === 'OBJECT_TABLE' && !down && old.length > 0)
      say('ban-drop-table', `drops ${old.map(sqlName).join(', ')} with all rows`);
  } else if ('DropdbStmt' in node) say('ban-drop-database', `drops the database ${node.DropdbStmt.dbname ?? ''}`);
  else if ('TruncateStmt' in node) {
    if (node.TruncateStmt.behavior === 'DROP_CASCADE')
      say('ban-truncate-cascade', 'empties all tables that refer to these, and those that refer to them');
  } else if ('RenameStmt' in node) {
    const { renameType, relationType, relation, subname, newname } = node.RenameStmt;
    if (down || !relation || isNew(relation)) return;
    const table = nameOf(relation);
    if (renameType === 'OBJECT_COLUMN' && relationType === 'OBJECT_TABLE')
      say('renaming-column', `${subname} of ${table} is ${newname} from one moment to the next`);
    if (renameType === 'OBJECT_TABLE') say('renaming-table', `${table} is ${newname} from one moment to the next`);
  } else if (!backfill) lintRows(node, say, isNew);
}

function lintRows(node: Node, say: PgPlace['say'], isNew: (table: RangeVar | undefined) => boolean): void {
  const { relation, whereClause, fromClause, usingClause } = {
    ...{ fromClause: undefined, usingClause: undefined },
    ...('UpdateStmt' in node ? node.UpdateStmt : 'DeleteStmt' in node ? node.DeleteStmt : {}),
  };
  if (relation && !whereClause && !fromClause && !usingClause && !isNew(relation))
    say('update-without-backfill', `locks every row of ${nameOf(relation)} until the file is over`);
}

function lintType({ typeName, location }: ColumnDef, say: PgPlace['say']): void {
  const type = typeOf(typeName);
  const at = typeName?.location ?? location;
  if (['int4', 'serial', 'serial4'].includes(type)) say('prefer-bigint-over-int', `${type} has 32 bits`, at);
  if (isSerial(typeName)) say('prefer-identity', `${type} makes a sequence beside the table`, at);
  if (type === 'varchar' && (typeName?.typmods?.length ?? 0) > 0) say('prefer-text-field', 'varchar has a limit', at);
  if (type === 'timestamp') say('prefer-timestamp-tz', 'timestamp has no time zone', at);
}

function madeBy(node: Node): string[] {
  if ('CreateStmt' in node && node.CreateStmt.relation) return [nameOf(node.CreateStmt.relation)];
  if ('CreateTableAsStmt' in node && node.CreateTableAsStmt.into?.rel) return [nameOf(node.CreateTableAsStmt.into.rel)];
  return 'IndexStmt' in node && node.IndexStmt.idxname ? [`index ${node.IndexStmt.idxname}`] : [];
}

const LONG = /[\p{L}_][\p{L}\p{N}_$]{15,}|"(?:[^"\n]|""){16,}"/gu;
const MOST_BYTES = 63;

/** The parser has cut them already: a word of the text that is longer, and whose beginning is a name in the tree. */
function longNames({ node, sql, start }: PgStatement): Raised[] {
  const found = [...sql.matchAll(LONG)]
    .map(({ 0: word, index }) => ({
      word: word.startsWith('"') ? word.slice(1, -1).replaceAll('""', '"') : word,
      index,
    }))
    .filter(({ word }) => Buffer.byteLength(word) > MOST_BYTES);
  if (found.length === 0) return [];
  const names = new Set(namesIn(node));
  return found
    .filter(({ word }) => [word, word.toLowerCase()].some((one) => names.has(cut(one))))
    .map(({ word, index }) => ({
      rule: 'identifier-too-long',
      offset: start + index,
      message: `${cut(word)} is all that is left of ${word.slice(0, 100)}`,
    }));
}

/** To whole characters. */
function cut(word: string): string {
  const bytes = Buffer.from(word).subarray(0, MOST_BYTES).toString();
  return bytes.replace(/\uFFFD$/, '');
}

function namesIn(root: unknown): string[] {
  const names: string[] = [];
  const open: unknown[] = [root];
  while (open.length > 0) {
    const node = open.pop();
    if (typeof node === 'string') names.push(node);
    // A constant is no name.
    else if (typeof node === 'object' && node !== null && !('A_Const' in node))
      for (const value of Object.values(node)) open.push(value);
  }
  return names;
}

/** Some places that the parser tells are those of a whole list; a finding stands in its statement. */
function withinStatements(raised: readonly Raised[], { statements }: PgScript): Raised[] {
  const last = statements.at(-1);
  const most = last ? last.start + last.sql.length : 0;
  return raised.map((one) => ({ ...one, offset: Math.min(one.offset, most) }));
}
