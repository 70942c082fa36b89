/** What the files before have told of a PostgreSQL schema: as much as is needed to know that a change costs nothing. */
import type { AlterTableStmt, ColumnDef, Constraint, Node, TypeName } from 'libpg-query';
import { typeOf } from '../weigh/pg-columns.ts';
import { nameOf, stringsOf } from '../weigh/pg-script.ts';

export interface PgKnown {
  /** By `table.column`. */
  types: Map<string, TypeName>;
  /** Checks that a column is not null, by `table.constraint`. */
  checks: Map<string, string>;
  /** `table.column` of those that were validated. */
  proved: Set<string>;
}

export const nothingKnown = (): PgKnown => ({ types: new Map(), checks: new Map(), proved: new Set() });

/** After a statement was looked at. */
export function learn(known: PgKnown, node: Node): void {
  if ('CreateStmt' in node && node.CreateStmt.relation)
    for (const element of node.CreateStmt.tableElts ?? [])
      if ('ColumnDef' in element) learnColumn(known, nameOf(node.CreateStmt.relation), element.ColumnDef);
  if ('AlterTableStmt' in node) learnAlter(known, node.AlterTableStmt);
}

function learnColumn({ types }: PgKnown, table: string, { colname, typeName }: ColumnDef): void {
  if (typeName) types.set(`${table}.${colname}`, typeName);
}

function learnAlter(known: PgKnown, { relation, cmds = [] }: AlterTableStmt): void {
  const table = relation ? nameOf(relation) : '';
  for (const cmd of cmds) {
    if (!('AlterTableCmd' in cmd)) continue;
    const { subtype, name = '', def } = cmd.AlterTableCmd;
    if (subtype === 'AT_AddColumn' && def && 'ColumnDef' in def) learnColumn(known, table, def.ColumnDef);
    if (subtype === 'AT_AlterColumnType' && def && 'ColumnDef' in def)
      learnColumn(known, table, { ...def.ColumnDef, colname: name });
    if (subtype === 'AT_AddConstraint' && def && 'Constraint' in def) learnCheck(known, table, def.Constraint);
    const checked = known.checks.get(`${table}.${name}`);
    if (subtype === 'AT_ValidateConstraint' && checked) known.proved.add(checked);
    if (subtype === 'AT_DropConstraint' && checked) known.proved.delete(checked);
  }
}

function learnCheck({ checks, proved }: PgKnown, table: string, check: Constraint): void {
  const test = check.raw_expr && 'NullTest' in check.raw_expr ? check.raw_expr.NullTest : undefined;
  if (test?.nulltesttype !== 'IS_NOT_NULL' || !test.arg || !('ColumnRef' in test.arg)) return;
  const column = `${table}.${stringsOf(test.arg.ColumnRef.fields).at(-1)}`;
  checks.set(`${table}.${check.conname}`, column);
  if (!check.skip_validation) proved.add(column);
}

/** Changes that PostgreSQL makes without reading or writing a row: a longer or no limit of varchar, to text, more digits of numeric with the same scale (ALTER TABLE's notes, and varchar_support). */
export function isWider(from: TypeName | undefined, to: TypeName | undefined): boolean {
  if (!from || !to || from.arrayBounds || to.arrayBounds) return false;
  const [a, b] = [typeOf(from), typeOf(to)];
  const [had, has] = [sizes(from), sizes(to)];
  if (a === 'varchar' && b === 'text') return true;
  if (a === 'text' && b === 'varchar') return has.length === 0;
  if (a !== b) return false;
  if (a === 'text') return true;
  if (a === 'varchar' || a === 'varbit')
    return has.length === 0 || (had.length > 0 && Number(has[0]) >= Number(had[0]));
  if (a !== 'numeric') return false;
  return has.length === 0 || (had.length > 0 && Number(has[0]) >= Number(had[0]) && (has[1] ?? 0) === (had[1] ?? 0));
}

function sizes({ typmods = [] }: TypeName): number[] {
  return typmods.flatMap((mod) => ('A_Const' in mod ? [mod.A_Const.ival?.ival ?? 0] : []));
}
