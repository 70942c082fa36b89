/** How large tables are, as PostgreSQL itself estimates it; of a partitioned one, all its partitions. */
import type { Context } from '../postgres/context.ts';
import { failure } from '../postgres/failure.ts';
import type { TableSize } from '../session.ts';
import { partsOf } from './words.ts';

/** A table that was never analysed is counted so far. */
const MOST_COUNTED = 10_000;

/** Names as SQL has them; those that are no tables are left out. */
export async function sizesOf({ link, tables: { literal } }: Context, names: readonly string[]): Promise<TableSize[]> {
  // Quoted anew, since a text that is no name at all would be an error.
  const asked = names.map((name, place) => `(${place}, ${literal(quoted(name))})`).join(', ');
  if (names.length === 0) return [];
  const sql = `select n.place, r.oid::regclass::text, sum(case when c.relkind = 'p' then 0 else greatest(c.reltuples, 0) end)::bigint, sum(pg_catalog.pg_total_relation_size(c.oid)), bool_or(c.reltuples < 0 and c.relkind <> 'p'), sum(pg_catalog.pg_relation_size(c.oid))
    from (values ${asked}) n (place, name) join pg_catalog.pg_class r on r.oid = pg_catalog.to_regclass(n.name) and r.relkind in ('r', 'p', 'm')
    join pg_catalog.pg_class c on c.oid = r.oid or c.oid in (select relid from pg_catalog.pg_partition_tree(r.oid))
    group by 1, 2 order by 1`;
  const [rows = []] = await link.run(sql).catch((error: unknown) => {
    throw failure(error, 'while sizes of tables were read');
  });
  const sizes: TableSize[] = [];
  for (const [place, name, estimated, bytes, unknown, heap] of rows) {
    const counted = unknown === 't' && heap !== '0' ? await count(link, name ?? '') : undefined;
    sizes.push({ table: names[Number(place)] ?? '', rows: counted ?? Number(estimated), bytes: Number(bytes) });
  }
  return sizes;
}

function quoted(name: string): string {
  const parts = partsOf(name).map((part) => `"${part.replaceAll('"', '""')}"`);
  return parts.length > 0 ? parts.slice(0, 3).join('.') : '"?"';
}

/** Undefined where it cannot be counted: somebody locks it, or it is not ours to read. `name` is quoted, as a regclass is. */
async function count(link: Context['link'], name: string): Promise<number | undefined> {
  try {
    const [rows] = await link.run(`select count(*) from (select 1 from ${name} limit ${MOST_COUNTED}) counted`);
    return Number(rows?.[0]?.[0]);
  } catch {
    return undefined;
  }
}
