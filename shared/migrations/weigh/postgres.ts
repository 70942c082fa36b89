/** What the statements of a script for PostgreSQL lock, and whether they rewrite: by its own parser, from its documentation, checked against a server. */
import type { CreateStmt, DropStmt, Node, RangeVar } from 'libpg-query';
import { weighAlter } from './pg-alter.ts';
import { constraintsOf } from './pg-columns.ts';
import { blockedBy, type Mode, modeOf } from './pg-locks.ts';
import { findAll, nameOf, readPgScript, sqlName, stringsOf } from './pg-script.ts';
import { lineCounter, markCreated, type Rewrite, type Weighed, type Weight } from './weighed.ts';

export async function weighPostgres(text: string): Promise<Weighed[]> {
  const { statements } = await readPgScript(text);
  const lineAt = lineCounter(text);
  return markCreated(statements.map(({ node, sql, start }) => ({ ...weigh(node), sql, line: lineAt(start) })));
}

type Tables = readonly (RangeVar | string | undefined)[];

function takes(mode: Mode, tables: Tables, why: string, rewrite: Rewrite = 'no'): Weight {
  const names = tables.flatMap((table) =>
    table === undefined ? [] : typeof table === 'string' ? table : nameOf(table),
  );
  return { lock: mode, tables: [...new Set(names)], rewrite, blocks: blockedBy(mode), why };
}

const nothing = (why: string): Weight => ({ lock: 'none', tables: [], rewrite: 'no', blocks: 'nothing', why });
const INDEX_BUILT = 'an index is built from all rows';

export function weigh(node: Node): Weight {
  if ('AlterTableStmt' in node) return weighAlter(node.AlterTableStmt);
  if ('CreateStmt' in node) return weighCreate(node.CreateStmt);
  if ('DropStmt' in node) return weighDrop(node.DropStmt);
  if ('IndexStmt' in node) {
    const { concurrent, relation } = node.IndexStmt;
    const mode = concurrent ? 'SHARE UPDATE EXCLUSIVE' : 'SHARE';
    return takes(mode, [relation], concurrent ? `${INDEX_BUILT}, beside readers and writers` : INDEX_BUILT);
  }
  if ('RenameStmt' in node) {
    const { renameType, relation } = node.RenameStmt;
    const light = renameType === 'OBJECT_INDEX';
    const tables = light || !RENAMED.has(renameType ?? '') ? [] : [relation];
    return takes(light ? 'SHARE UPDATE EXCLUSIVE' : 'ACCESS EXCLUSIVE', tables, 'it changes the catalogue alone');
  }
  if ('AlterObjectSchemaStmt' in node && node.AlterObjectSchemaStmt.objectType === 'OBJECT_TABLE')
    return takes('ACCESS EXCLUSIVE', [node.AlterObjectSchemaStmt.relation], 'it changes the catalogue alone');
  if ('TruncateStmt' in node)
    return takes('ACCESS EXCLUSIVE', findAll<RangeVar>(node, 'RangeVar'), 'the table is emptied');
  if ('ReindexStmt' in node) return weighReindex(node);
  if ('ClusterStmt' in node)
    return takes('ACCESS EXCLUSIVE', [node.ClusterStmt.relation], 'the table is written anew in order', 'yes');
  if ('VacuumStmt' in node) {
    const tables = findAll<RangeVar>(node, 'relation');
    const full = findAll<{ defname?: string }>(node, 'DefElem').some(({ defname }) => defname === 'full');
    return full
      ? takes('ACCESS EXCLUSIVE', tables, 'the table is written anew', 'yes')
      : takes('SHARE UPDATE EXCLUSIVE', tables, 'the table is read beside readers and writers');
  }
  if ('RefreshMatViewStmt' in node) {
    const { concurrent, relation } = node.RefreshMatViewStmt;
    return concurrent
      ? takes('EXCLUSIVE', [relation], 'its rows are compared with the new ones')
      : takes('ACCESS EXCLUSIVE', [relation], 'the query is run and its rows are written', 'yes');
  }
  if ('CreateTrigStmt' in node)
    return takes('SHARE ROW EXCLUSIVE', [node.CreateTrigStmt.relation], 'it changes the catalogue alone');
  if ('CreatePolicyStmt' in node)
    return takes('ACCESS EXCLUSIVE', [node.CreatePolicyStmt.table], 'it changes the catalogue alone');
  if ('AlterPolicyStmt' in node)
    return takes('ACCESS EXCLUSIVE', [node.AlterPolicyStmt.table], 'it changes the catalogue alone');
  if ('RuleStmt' in node) return takes('ACCESS EXCLUSIVE', [node.RuleStmt.relation], 'it changes the catalogue alone');
  if ('CreateStatsStmt' in node)
    return takes(
      'SHARE UPDATE EXCLUSIVE',
      findAll<RangeVar>(node.CreateStatsStmt.relations, 'RangeVar'),
      'it changes the catalogue alone',
    );
  if ('LockStmt' in node)
    return takes(modeOf(node.LockStmt.mode ?? 8), findAll<RangeVar>(node, 'RangeVar'), 'it says so itself');
  if ('DoStmt' in node || 'CallStmt' in node)
    return { ...nothing('what its body does is not known'), lock: 'unknown', rewrite: 'maybe' };
  return weighRows(node);
}

const RENAMED = new Set(['OBJECT_TABLE', 'OBJECT_COLUMN', 'OBJECT_TABCONSTRAINT', 'OBJECT_MATVIEW', 'OBJECT_TRIGGER']);

function weighCreate({ relation, tableElts = [], inhRelations = [], partbound }: CreateStmt): Weight {
  const made = relation ? nameOf(relation) : '';
  const columns = tableElts.flatMap((element) => ('ColumnDef' in element ? constraintsOf(element.ColumnDef) : []));
  const others = tableElts.flatMap((element) => ('Constraint' in element ? [element.Constraint] : []));
  const referenced = [...columns, ...others].flatMap(({ pktable }) => (pktable ? [nameOf(pktable)] : []));
  const parents = findAll<RangeVar>(inhRelations, 'RangeVar').map(nameOf);
  const away = [...new Set([...referenced, ...parents])].filter((name) => name !== made);
  // Of a partition's parent, whose readers must learn of it.
  const mode = partbound
    ? 'ACCESS EXCLUSIVE'
    : referenced.length > 0
      ? 'SHARE ROW EXCLUSIVE'
      : 'SHARE UPDATE EXCLUSIVE';
  const why = away.length === 0 ? 'the table is new' : `the table is new; ${away.join(', ')} must learn of it`;
  if (away.length === 0) return { ...takes('ACCESS EXCLUSIVE', [made], why), creates: [made] };
  return { ...takes(mode, [made, ...away], why), creates: [made] };
}

function weighDrop({ objects = [], removeType, concurrent }: DropStmt): Weight {
  const names = objects.flatMap((object) => ('List' in object ? [stringsOf(object.List.items)] : []));
  switch (removeType) {
    case 'OBJECT_TABLE':
    case 'OBJECT_MATVIEW':
      return takes('ACCESS EXCLUSIVE', names.map(sqlName), 'it and its rows are gone');
    case 'OBJECT_INDEX':
      return concurrent
        ? takes('SHARE UPDATE EXCLUSIVE', [], 'the table of the index stays in use')
        : { ...takes('ACCESS EXCLUSIVE', [], 'the table of the index is locked, too') };
    // The last part is the thing's own name, those before it its table's.
    case 'OBJECT_TRIGGER':
    case 'OBJECT_POLICY':
    case 'OBJECT_RULE':
      return takes(
        'ACCESS EXCLUSIVE',
        names.map((parts) => sqlName(parts.slice(0, -1))),
        'it changes the catalogue alone',
      );
    default:
      return nothing('it changes the catalogue alone');
  }
}

function weighReindex(node: Extract<Node, { ReindexStmt: unknown }>): Weight {
  const { relation, kind, params = [] } = node.ReindexStmt;
  const concurrently = findAll<{ defname?: string }>(params, 'DefElem').some(
    ({ defname }) => defname === 'concurrently',
  );
  const tables = kind === 'REINDEX_OBJECT_TABLE' ? [relation] : [];
  if (concurrently) return takes('SHARE UPDATE EXCLUSIVE', tables, `${INDEX_BUILT}, beside readers and writers`);
  // Its indexes are locked against everybody, and a query's planner looks at all of them.
  return {
    ...takes('SHARE', tables, 'each index is built anew, and who reads waits for it'),
    blocks: 'reads and writes',
  };
}

/** Statements that read or change rows, and those that do neither. */
function weighRows(node: Node): Weight {
  const written: (RangeVar | undefined)[] = [];
  for (const kind of ['InsertStmt', 'UpdateStmt', 'DeleteStmt', 'MergeStmt'])
    for (const { relation } of findAll<{ relation?: RangeVar }>(node, kind)) written.push(relation);
  if ('CopyStmt' in node && node.CopyStmt.is_from) written.push(node.CopyStmt.relation);
  if (written.length > 0) return takes('ROW EXCLUSIVE', written, 'it locks the rows that it changes, until it is over');
  if ('CommentStmt' in node) {
    const parts = findAll<{ items?: Node[] }>(node, 'List').flatMap(({ items }) => stringsOf(items));
    const { objtype } = node.CommentStmt;
    if (objtype === 'OBJECT_TABLE')
      return takes('SHARE UPDATE EXCLUSIVE', [sqlName(parts)], 'it changes the catalogue alone');
    if (objtype === 'OBJECT_COLUMN')
      return takes('SHARE UPDATE EXCLUSIVE', [sqlName(parts.slice(0, -1))], 'it changes the catalogue alone');
    return nothing('it changes the catalogue alone');
  }
  const made =
    'CreateTableAsStmt' in node
      ? node.CreateTableAsStmt.into?.rel
      : 'ViewStmt' in node
        ? node.ViewStmt.view
        : undefined;
  if ('SelectStmt' in node || made) {
    const names = [...findAll<RangeVar>(node, 'RangeVar')].map(nameOf);
    const common = new Set(findAll<{ ctename?: string }>(node, 'CommonTableExpr').map(({ ctename }) => ctename ?? ''));
    const read = names.filter((name) => !common.has(name));
    const locking = findAll(node, 'LockingClause').length > 0;
    if (!made && read.length === 0) return nothing('it reads no table');
    const why = made ? 'it reads, and what it makes is new' : 'it reads';
    return { ...takes(locking ? 'ROW SHARE' : 'ACCESS SHARE', read, why), ...(made && { creates: [nameOf(made)] }) };
  }
  return nothing('it locks no table');
}
