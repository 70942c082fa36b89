/** The rules of ALTER TABLE on a table that has rows. */
import type { AlterTableCmd, AlterTableStmt, ColumnDef, Constraint } from 'libpg-query';
import { columnRewrite, constraintsOf, isSerial } from '../weigh/pg-columns.ts';
import { nameOf } from '../weigh/pg-script.ts';
import { isWider, type PgKnown } from './pg-known.ts';
import type { RuleId } from './rules.ts';

/** `byte`: as the parser counts; without it the statement's beginning. */
export type PgSay = (rule: RuleId, message: string, byte?: number) => void;

export interface PgPlace {
  known: PgKnown;
  /** What takes things away is what a way back is for. */
  down: boolean;
  say: PgSay;
}

export function lintAlter({ relation, cmds = [] }: AlterTableStmt, place: PgPlace): void {
  const table = relation ? nameOf(relation) : '';
  for (const cmd of cmds) if ('AlterTableCmd' in cmd) lintPart(table, cmd.AlterTableCmd, place);
}

function lintPart(table: string, { subtype, name = '', def }: AlterTableCmd, { known, down, say }: PgPlace): void {
  const locked = `takes ACCESS EXCLUSIVE on ${table}`;
  switch (subtype) {
    case 'AT_AddColumn':
      if (def && 'ColumnDef' in def) lintColumn(table, def.ColumnDef, say);
      break;
    case 'AT_AddConstraint':
      if (def && 'Constraint' in def) lintConstraint(table, def.Constraint, say);
      break;
    case 'AT_SetNotNull':
      if (!known.proved.has(`${table}.${name}`))
        say('adding-not-nullable-field', `${locked} while it reads all rows for a null in ${name}`);
      break;
    case 'AT_AlterColumnType': {
      const to = def && 'ColumnDef' in def ? def.ColumnDef : undefined;
      if (to?.raw_default || !isWider(known.types.get(`${table}.${name}`), to?.typeName))
        say('changing-column-type', `${locked}, and rewrites it unless the old bytes of ${name} serve`, to?.location);
      break;
    }
    case 'AT_DropColumn':
      if (!down) say('ban-drop-column', `drops ${name} of ${table} for good`);
      break;
    case 'AT_DropNotNull':
      if (!down) say('ban-drop-not-null', `lets ${name} of ${table} be null`);
      break;
    case 'AT_DetachPartition':
      if (def && 'PartitionCmd' in def && !def.PartitionCmd.concurrent)
        say('require-concurrent-partition-detach', `${locked} and its partition`);
      break;
  }
}

function lintColumn(table: string, column: ColumnDef, say: PgSay): void {
  const { colname = '', typeName, location } = column;
  const constraints = constraintsOf(column);
  const has = (type: string) => constraints.find(({ contype }) => contype === type);
  const filled = has('CONSTR_DEFAULT') ?? has('CONSTR_IDENTITY') ?? has('CONSTR_GENERATED');
  if (has('CONSTR_NOTNULL') && !filled && !isSerial(typeName))
    say('adding-required-field', `fails if ${table} has a row: ${colname} would be null`, location);
  const { rewrite, why = '' } = columnRewrite(column);
  if (rewrite !== 'no')
    say(
      'adding-field-with-default',
      `takes ACCESS EXCLUSIVE on ${table}${rewrite === 'yes' ? ' and rewrites it' : ''}: ${why}`,
      location,
    );
  const foreign = has('CONSTR_FOREIGN');
  if (foreign?.pktable)
    say(
      'adding-foreign-key-constraint',
      `takes ACCESS EXCLUSIVE on ${table} and SHARE ROW EXCLUSIVE on ${nameOf(foreign.pktable)}`,
      foreign.location,
    );
  const unique = has('CONSTR_UNIQUE');
  if (unique)
    say('disallowed-unique-constraint', `takes ACCESS EXCLUSIVE on ${table} while it builds an index`, unique.location);
  const primary = has('CONSTR_PRIMARY');
  if (primary)
    say(
      'adding-serial-primary-key-field',
      `takes ACCESS EXCLUSIVE on ${table} while it builds an index`,
      primary.location,
    );
}

function lintConstraint(table: string, constraint: Constraint, say: PgSay): void {
  const { contype, skip_validation: later, pktable, indexname, location } = constraint;
  switch (contype) {
    case 'CONSTR_FOREIGN': {
      if (later) return;
      const other = pktable ? nameOf(pktable) : 'the other table';
      say(
        'adding-foreign-key-constraint',
        `takes SHARE ROW EXCLUSIVE on ${table} and ${other} while it looks up all rows`,
        location,
      );
      say('constraint-missing-not-valid', `looks at all rows of ${table} before anybody may write again`, location);
      return;
    }
    case 'CONSTR_CHECK':
    case 'CONSTR_NOTNULL':
      if (!later)
        say('constraint-missing-not-valid', `takes ACCESS EXCLUSIVE on ${table} while it reads all rows`, location);
      return;
    case 'CONSTR_UNIQUE':
      if (!indexname)
        say('disallowed-unique-constraint', `takes ACCESS EXCLUSIVE on ${table} while it builds an index`, location);
      return;
    case 'CONSTR_PRIMARY':
      if (!indexname)
        say('adding-serial-primary-key-field', `takes ACCESS EXCLUSIVE on ${table} while it builds an index`, location);
      return;
    case 'CONSTR_EXCLUSION':
      say(
        'constraint-missing-not-valid',
        `takes ACCESS EXCLUSIVE on ${table} while it builds an index, and cannot be NOT VALID`,
        location,
      );
  }
}
