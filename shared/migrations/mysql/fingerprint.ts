/** What the database is made of; equal on two servers whose databases have other names. The order of a table's columns is not told, as with the other databases. */
import { schemaLine } from '../schema-lines.ts';
import { ask, type Context, OURS } from './context.ts';

const COLUMNS =
  'TABLE_NAME, COLUMN_NAME, COLUMN_DEFAULT, IS_NULLABLE, COLUMN_TYPE, COLLATION_NAME, EXTRA, GENERATION_EXPRESSION';
const KEYS =
  'TABLE_NAME, CONSTRAINT_NAME, ORDINAL_POSITION, COLUMN_NAME, REFERENCED_TABLE_NAME, REFERENCED_COLUMN_NAME';
/** Of each list: what it tells, which column names the schema, which the table. */
const LISTS: [kind: string, from: string, columns: string, schema: string, table?: string][] = [
  ['table', 'TABLES', 'TABLE_NAME, TABLE_TYPE, ENGINE, TABLE_COLLATION', 'TABLE_SCHEMA', 'TABLE_NAME'],
  ['column', 'COLUMNS', COLUMNS, 'TABLE_SCHEMA', 'TABLE_NAME'],
  [
    'index',
    'STATISTICS',
    'TABLE_NAME, INDEX_NAME, SEQ_IN_INDEX, COLUMN_NAME, NON_UNIQUE, SUB_PART, INDEX_TYPE, COLLATION',
    'TABLE_SCHEMA',
    'TABLE_NAME',
  ],
  ['constraint', 'TABLE_CONSTRAINTS', 'TABLE_NAME, CONSTRAINT_NAME, CONSTRAINT_TYPE', 'TABLE_SCHEMA', 'TABLE_NAME'],
  ['key', 'KEY_COLUMN_USAGE', KEYS, 'TABLE_SCHEMA', 'TABLE_NAME'],
  [
    'reference',
    'REFERENTIAL_CONSTRAINTS',
    'TABLE_NAME, CONSTRAINT_NAME, UPDATE_RULE, DELETE_RULE',
    'CONSTRAINT_SCHEMA',
    'TABLE_NAME',
  ],
  ['check', 'CHECK_CONSTRAINTS', 'CONSTRAINT_NAME, CHECK_CLAUSE', 'CONSTRAINT_SCHEMA'],
  ['view', 'VIEWS', 'TABLE_NAME, VIEW_DEFINITION', 'TABLE_SCHEMA', 'TABLE_NAME'],
  [
    'trigger',
    'TRIGGERS',
    'EVENT_OBJECT_TABLE, TRIGGER_NAME, EVENT_MANIPULATION, ACTION_TIMING, ACTION_STATEMENT',
    'TRIGGER_SCHEMA',
    'EVENT_OBJECT_TABLE',
  ],
  ['routine', 'ROUTINES', 'ROUTINE_NAME, ROUTINE_TYPE, DTD_IDENTIFIER, ROUTINE_DEFINITION', 'ROUTINE_SCHEMA'],
];

export async function schemaOf(context: Context): Promise<string[]> {
  const { database, target } = context;
  const hidden = [...OURS, target.table];
  const lines: string[] = [];
  for (const [kind, from, columns, schema, table] of LISTS) {
    const but = table ? ` AND ${table} NOT IN (${hidden.map(() => '?').join(', ')})` : '';
    const sql = `SELECT ${columns} FROM information_schema.${from} WHERE ${schema} = ?${but}`;
    const { rows } = await ask(context, sql, [database, ...(table ? hidden : [])]);
    // A view's text names its database.
    const plain = (value: unknown) => (value === null ? null : String(value).replaceAll(`\`${database}\`.`, ''));
    for (const row of rows) lines.push(schemaLine(kind, row.map(plain)));
  }
  return lines;
}
