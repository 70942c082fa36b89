/** A schema as PostgreSQL itself describes it, whatever the order in which it was made; the order of a table's columns is not told, since nothing but making the table anew could put it back. */
import { schemaLine } from '../schema-lines.ts';
import type { Context } from './context.ts';

export async function schemaOf({ link }: Context, table: string, literal: (text: string) => string): Promise<string[]> {
  const ours = ['hawker_migration_history', 'hawker_migration_fence', 'hawker_migration_backfill', table]
    .map(literal)
    .join(', ');
  // Without a path all names come qualified.
  const answers = await link.run(`begin read only;
    set local search_path = pg_catalog;
    with spaces as (select oid, nspname from pg_namespace where nspname !~ '^pg_' and nspname <> 'information_schema'),
    own as (select c.*, s.nspname from pg_class c join spaces s on s.oid = c.relnamespace
      where not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')),
    tables as (select * from own where relkind in ('r', 'p', 'v', 'm', 'f', 'c') and relname not in (${ours})),
    facts (fact) as (
      select array['relation', nspname, relname, relkind::text, case when relkind in ('v', 'm') then pg_get_viewdef(oid) end] from tables
      union all select array['column', t.nspname, t.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull::text, a.attidentity::text,
        a.attgenerated::text, pg_get_expr(d.adbin, d.adrelid)] from tables t join pg_attribute a on a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped
        left join pg_attrdef d on d.adrelid = t.oid and d.adnum = a.attnum
      union all select array['index', t.nspname, t.relname, pg_get_indexdef(i.indexrelid), i.indisvalid::text] from tables t join pg_index i on i.indrelid = t.oid
      union all select array['constraint', t.nspname, t.relname, k.conname, pg_get_constraintdef(k.oid), k.convalidated::text] from tables t join pg_constraint k on k.conrelid = t.oid
      union all select array['trigger', t.nspname, t.relname, pg_get_triggerdef(g.oid)] from tables t join pg_trigger g on g.tgrelid = t.oid and not g.tgisinternal
      union all select array['enum', s.nspname, y.typname, string_agg(e.enumlabel, ',' order by e.enumsortorder)] from pg_type y join spaces s on s.oid = y.typnamespace
        join pg_enum e on e.enumtypid = y.oid group by s.nspname, y.typname
      union all select array['function', s.nspname, p.proname, pg_get_function_identity_arguments(p.oid), md5(p.prosrc), format_type(p.prorettype, null)]
        from pg_proc p join spaces s on s.oid = p.pronamespace
        where not exists (select from pg_depend d where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e'))
    select array_to_json(fact)::text from facts;
    commit`);
  return answers.flat().flatMap(([fact]) => {
    const [kind = '', ...values] = JSON.parse(fact ?? '[]') as string[];
    return schemaLine(kind, values);
  });
}
