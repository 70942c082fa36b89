/** A hash of what the database is made of; equal on two servers whose databases have other names. */
import { createHash } from 'node:crypto';
import { ask, type Context, OURS } from './context.ts';

const COLUMNS =
  'TABLE_NAME, ORDINAL_POSITION, COLUMN_NAME, COLUMN_DEFAULT, IS_NULLABLE, COLUMN_TYPE, COLLATION_NAME, EXTRA, GENERATION_EXPRESSION';
const KEYS =
  'TABLE_NAME, CONSTRAINT_NAME, ORDINAL_POSITION, COLUMN_NAME, REFERENCED_TABLE_NAME, REFERENCED_COLUMN_NAME';
/** Of each list: what it tells, which column names the schema, which the table. */
const LISTS: [from: string, columns: string, schema: string, table?: string][] = [
  ['TABLES', 'TABLE_NAME, TABLE_TYPE, ENGINE, TABLE_COLLATION', 'TABLE_SCHEMA', 'TABLE_NAME'],
  ['COLUMNS', COLUMNS, 'TABLE_SCHEMA', 'TABLE_NAME'],
  [
    'STATISTICS',
    'TABLE_NAME, INDEX_NAME, SEQ_IN_INDEX, COLUMN_NAME, NON_UNIQUE, SUB_PART, INDEX_TYPE, COLLATION',
    'TABLE_SCHEMA',
    'TABLE_NAME',
  ],
  ['TABLE_CONSTRAINTS', 'TABLE_NAME, CONSTRAINT_NAME, CONSTRAINT_TYPE', 'TABLE_SCHEMA', 'TABLE_NAME'],
  ['KEY_COLUMN_USAGE', KEYS, 'TABLE_SCHEMA', 'TABLE_NAME'],
  [
    'REFERENTIAL_CONSTRAINTS',
    'TABLE_NAME, CONSTRAINT_NAME, UPDATE_RULE, DELETE_RULE',
    'CONSTRAINT_SCHEMA',
    'TABLE_NAME',
  ],
  ['CHECK_CONSTRAINTS', 'CONSTRAINT_NAME, CHECK_CLAUSE', 'CONSTRAINT_SCHEMA'],
  ['VIEWS', 'TABLE_NAME, VIEW_DEFINITION', 'TABLE_SCHEMA', 'TABLE_NAME'],
  [
    'TRIGGERS',
    'EVENT_OBJECT_TABLE, TRIGGER_NAME, EVENT_MANIPULATION, ACTION_TIMING, ACTION_STATEMENT',
    'TRIGGER_SCHEMA',
    'EVENT_OBJECT_TABLE',
  ],
  ['ROUTINES', 'ROUTINE_NAME, ROUTINE_TYPE, DTD_IDENTIFIER, ROUTINE_DEFINITION', 'ROUTINE_SCHEMA'],
];

export async function fingerprintOf(context: Context): Promise<string> {
  const { database, target } = context;
  const hidden = [...OURS, target.table];
  const hash = createHash('sha256');
  for (const [from, columns, schema, table] of LISTS) {
    const but = table ? ` AND ${table} NOT IN (${hidden.map(() => '?').join(', ')})` : '';
    const sql = `SELECT ${columns} FROM information_schema.${from} WHERE ${schema} = ?${but}`;
    const { rows } = await ask(context, sql, [database, ...(table ? hidden : [])]);
    // A view's text names its database.
    const lines = rows.map((row) => JSON.stringify(row).replaceAll(`\`${database}\`.`, ''));
    hash.update(JSON.stringify([from, lines.toSorted()]));
  }
  return hash.digest('hex');
}
