/** ALTER TABLE: each of its sub-forms, and what they are together. */
import type { AlterTableCmd, AlterTableStmt, Constraint, Node } from 'libpg-query';
import { columnRewrite, constraintsOf } from './pg-columns.ts';
import { alterMode, blockedBy, type Mode, strongest } from './pg-locks.ts';
import { nameOf } from './pg-script.ts';
import type { Rewrite, Weight } from './weighed.ts';

interface Part {
  mode: Mode;
  rewrite: Rewrite;
  why?: string;
  /** Other tables that are locked, too. */
  tables?: string[];
}

export function weighAlter({ relation, cmds = [], objtype }: AlterTableStmt): Weight {
  if (objtype !== 'OBJECT_TABLE' && objtype !== 'OBJECT_MATVIEW')
    return { lock: 'ACCESS EXCLUSIVE', tables: [], rewrite: 'no', blocks: 'nothing', why: 'it changes no table' };
  const parts = cmds.flatMap((cmd) => ('AlterTableCmd' in cmd ? [weighPart(cmd.AlterTableCmd)] : []));
  const mode = strongest(parts.map((part) => part.mode));
  const rewrites = parts.map((part) => part.rewrite);
  const why = parts.flatMap((part) => part.why ?? []);
  return {
    lock: mode,
    tables: [...new Set([relation ? nameOf(relation) : '', ...parts.flatMap((part) => part.tables ?? [])])],
    rewrite: rewrites.includes('yes') ? 'yes' : rewrites.includes('maybe') ? 'maybe' : 'no',
    blocks: blockedBy(mode),
    why: why.length > 0 ? [...new Set(why)].join('; ') : 'it changes the catalogue alone',
  };
}

function weighPart(cmd: AlterTableCmd): Part {
  const { subtype = '', def } = cmd;
  const mode = alterMode(subtype, optionsOf(def));
  switch (subtype) {
    case 'AT_AddColumn':
      return weighColumn(def, mode);
    case 'AT_AlterColumnType':
      return {
        mode,
        rewrite: 'maybe',
        why: 'it rewrites the table unless the new type holds the old one’s bytes as they are',
      };
    case 'AT_AddConstraint':
      return def && 'Constraint' in def ? weighConstraint(def.Constraint) : { mode, rewrite: 'no' };
    case 'AT_AddIndexConstraint':
      return { mode, rewrite: 'no', why: 'it takes over an index that is there' };
    case 'AT_SetNotNull':
      return { mode, rewrite: 'no', why: 'all rows are read, unless a valid check proves it' };
    case 'AT_ValidateConstraint':
      return { mode, rewrite: 'no', why: 'all rows are read' };
    case 'AT_SetExpression':
      return { mode, rewrite: 'yes', why: 'the stored expression is computed for every row' };
    case 'AT_SetTableSpace':
    case 'AT_SetLogged':
    case 'AT_SetUnLogged':
    case 'AT_SetAccessMethod':
      return { mode, rewrite: 'yes', why: 'the table is copied' };
    case 'AT_DetachPartition': {
      const partition = def && 'PartitionCmd' in def ? def.PartitionCmd : undefined;
      const tables = partition?.name ? [nameOf(partition.name)] : [];
      return { mode: partition?.concurrent ? 'SHARE UPDATE EXCLUSIVE' : mode, rewrite: 'no', tables };
    }
    case 'AT_AttachPartition': {
      const partition = def && 'PartitionCmd' in def ? def.PartitionCmd.name : undefined;
      const why = 'the rows of the partition are read, unless a check proves where they belong';
      // The partition itself, which readers of the parent do not use yet, is locked for itself.
      return { mode, rewrite: 'no', why, ...(partition && { tables: [nameOf(partition)] }) };
    }
    default:
      return { mode, rewrite: 'no' };
  }
}

function weighColumn(def: Node | undefined, mode: Mode): Part {
  if (!def || !('ColumnDef' in def)) return { mode, rewrite: 'no' };
  const { rewrite, why } = columnRewrite(def.ColumnDef);
  const constraints = constraintsOf(def.ColumnDef);
  const tables = constraints.flatMap(({ pktable }) => (pktable ? [nameOf(pktable)] : []));
  const built = constraints.some(({ contype }) => contype === 'CONSTR_UNIQUE' || contype === 'CONSTR_PRIMARY');
  const reasons = [why, built ? 'an index is built' : undefined].filter((one) => one !== undefined);
  return { mode, rewrite, tables, ...(reasons.length > 0 && { why: reasons.join('; ') }) };
}

function weighConstraint({ contype, skip_validation: later, pktable }: Constraint): Part {
  switch (contype) {
    case 'CONSTR_FOREIGN':
      return {
        mode: 'SHARE ROW EXCLUSIVE',
        rewrite: 'no',
        why: later ? 'rows that are there are not looked at' : 'all rows are looked up in the other table',
        ...(pktable && { tables: [nameOf(pktable)] }),
      };
    case 'CONSTR_CHECK':
    case 'CONSTR_NOTNULL':
      return {
        mode: 'ACCESS EXCLUSIVE',
        rewrite: 'no',
        why: later ? 'rows that are there are not looked at' : 'all rows are read',
      };
    default:
      return { mode: 'ACCESS EXCLUSIVE', rewrite: 'no', why: 'an index is built' };
  }
}

function optionsOf(def: Node | undefined): string[] {
  const items = def && 'List' in def ? (def.List.items ?? []) : [];
  return items.flatMap((item) => ('DefElem' in item ? [item.DefElem.defname ?? ''] : []));
}
