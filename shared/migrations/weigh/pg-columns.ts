/** What a column's definition means for the rows that are there. */
import type { ColumnDef, Constraint, FuncCall, Node, TypeName } from 'libpg-query';
import { findAll, stringsOf } from './pg-script.ts';
import type { Rewrite } from './weighed.ts';

/** Functions that answer the same for the whole statement, so that a default with them is computed once (since PostgreSQL 11). Of others it is not known. */
const STEADY = new Set([
  ...['now', 'transaction_timestamp', 'statement_timestamp', 'timezone', 'date_trunc', 'to_timestamp', 'make_interval'],
  ...['concat', 'lower', 'upper', 'coalesce', 'md5', 'format', 'current_setting', 'to_jsonb', 'jsonb_build_object'],
  ...[
    'json_build_object',
    'jsonb_build_array',
    'json_build_array',
    'array_fill',
    'to_char',
    'to_date',
    'abs',
    'length',
  ],
  ...[
    'current_database',
    'current_schema',
    'age',
    'date_part',
    'extract',
    'encode',
    'decode',
    'int4range',
    'tstzrange',
  ],
]);
/** Those that PostgreSQL has and that answer anew for each row. */
const VOLATILE = new Set([
  ...['random', 'gen_random_uuid', 'uuidv4', 'uuidv7', 'clock_timestamp', 'timeofday', 'nextval', 'setval', 'pg_sleep'],
  ...['uuid_generate_v1', 'uuid_generate_v1mc', 'uuid_generate_v4', 'gen_random_bytes', 'gen_salt', 'random_normal'],
]);

/** The last part of a type's name: `int4`, `varchar`, `serial`. */
export const typeOf = (type: TypeName | undefined): string => stringsOf(type?.names).at(-1) ?? '';
export const isSerial = (type: TypeName | undefined) => /^(?:small|big)?serial[248]?$/.test(typeOf(type));

export function constraintsOf({ constraints = [] }: ColumnDef): Constraint[] {
  return constraints.flatMap((node) => ('Constraint' in node ? [node.Constraint] : []));
}

/** Whether a default is computed for each row: `maybe` where it calls what PostgreSQL does not have. */
function volatility(expression: Node | undefined): Rewrite {
  const calls = findAll<FuncCall>(expression, 'FuncCall').map(({ funcname }) => stringsOf(funcname).at(-1) ?? '');
  if (calls.some((name) => VOLATILE.has(name))) return 'yes';
  return calls.every((name) => STEADY.has(name)) ? 'no' : 'maybe';
}

/** Why adding this column writes every row, where it does. */
export function columnRewrite(column: ColumnDef): { rewrite: Rewrite; why?: string } {
  if (isSerial(column.typeName)) return { rewrite: 'yes', why: 'every row gets a number of its own' };
  for (const { contype, raw_expr: expression, generated_kind: kind } of constraintsOf(column)) {
    if (contype === 'CONSTR_IDENTITY') return { rewrite: 'yes', why: 'every row gets a number of its own' };
    if (contype === 'CONSTR_GENERATED' && kind !== 'v')
      return { rewrite: 'yes', why: 'the stored expression is computed for every row' };
    if (contype !== 'CONSTR_DEFAULT') continue;
    const rewrite = volatility(expression);
    if (rewrite === 'yes') return { rewrite, why: 'the default is computed for every row' };
    if (rewrite === 'maybe') return { rewrite, why: 'it rewrites the table if a function of the default is volatile' };
  }
  return { rewrite: 'no' };
}
