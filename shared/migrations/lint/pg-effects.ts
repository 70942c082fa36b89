/** What a statement for PostgreSQL makes and takes away. */
import type { AlterTableStmt, DropStmt, Node } from 'libpg-query';
import { nameOf, sqlName, stringsOf } from '../weigh/pg-script.ts';
import type { Effects } from './finding.ts';

/** Schemas are left out of the names of indexes, which are named without one where they are made. */
export function noteEffects(effects: Effects, node: Node, offset: number): void {
  const makes = (what: string, table: string) => effects.makes.set(what, { offset, table });
  if ('CreateStmt' in node && node.CreateStmt.relation) {
    const table = nameOf(node.CreateStmt.relation);
    if (node.CreateStmt.relation.relpersistence !== 't') makes(`table ${table}`, table);
  } else if ('CreateTableAsStmt' in node && node.CreateTableAsStmt.into?.rel) {
    const { objtype, into } = node.CreateTableAsStmt;
    const name = into.rel ? nameOf(into.rel) : '';
    if (objtype === 'OBJECT_TABLE' && into.rel?.relpersistence !== 't') makes(`table ${name}`, name);
  } else if ('IndexStmt' in node && node.IndexStmt.idxname && node.IndexStmt.relation)
    makes(`index ${node.IndexStmt.idxname}`, nameOf(node.IndexStmt.relation));
  else if ('AlterTableStmt' in node) noteAlter(effects, node.AlterTableStmt, offset);
  else if ('DropStmt' in node) noteDrop(effects, node.DropStmt);
  else if (
    'DoStmt' in node ||
    'CallStmt' in node ||
    'RenameStmt' in node ||
    'DropOwnedStmt' in node ||
    'AlterObjectSchemaStmt' in node
  )
    effects.unclear = true;
}

function noteAlter(effects: Effects, { relation, cmds = [], objtype }: AlterTableStmt, offset: number): void {
  if (!relation || objtype !== 'OBJECT_TABLE') return;
  const table = nameOf(relation);
  for (const cmd of cmds) {
    if (!('AlterTableCmd' in cmd)) continue;
    const { subtype, name, def } = cmd.AlterTableCmd;
    if (subtype === 'AT_AddColumn' && def && 'ColumnDef' in def)
      effects.makes.set(`column ${table}.${def.ColumnDef.colname}`, { offset, table });
    if (subtype === 'AT_DropColumn') effects.takes.add(`column ${table}.${name}`);
    // An index goes with the constraint that took it over.
    if (subtype === 'AT_DropConstraint') effects.takes.add(`index ${name}`);
  }
}

function noteDrop(effects: Effects, { objects = [], removeType, behavior }: DropStmt): void {
  // Whatever is in it or hangs on it goes, too.
  if (removeType === 'OBJECT_SCHEMA' || behavior === 'DROP_CASCADE') effects.unclear = true;
  for (const object of objects) {
    const parts = 'List' in object ? stringsOf(object.List.items) : [];
    if (removeType === 'OBJECT_TABLE') effects.takes.add(`table ${sqlName(parts)}`);
    if (removeType === 'OBJECT_INDEX') effects.takes.add(`index ${parts.at(-1)}`);
  }
}
