/** What does not move with the documents of an embedded installation, so that whoever moves is told of it: what its queue holds, and what only another Hawker knows. */
import type { Database } from '#shared/sqlite/database.ts';
import { isLeftBehind } from './collections.ts';

export interface QueueLeft {
  /** Events that wait to be delivered, or delivered again, by subscription. */
  waiting: Record<string, number>;
  dead: Record<string, number>;
}

type Row = { subscription: string; events: number };

export function queueLeft(database: Database): QueueLeft {
  // Nobody may have used the queue of this file yet.
  const sql = "SELECT count(*) AS found FROM sqlite_master WHERE type = 'table' AND name LIKE 'queue\\_d%' ESCAPE '\\'";
  if (database.get<{ found: number }>(sql)?.found !== 2) return { waiting: {}, dead: {} };
  const group = 'GROUP BY subscription ORDER BY subscription';
  const counts = (rows: Row[]) => Object.fromEntries(rows.map(({ subscription, events }) => [subscription, events]));
  return {
    waiting: counts(database.all<Row>(`SELECT subscription, count(*) AS events FROM queue_deliveries ${group}`)),
    dead: counts(database.all<Row>(`SELECT subscription, count(*) AS events FROM queue_dead_letters ${group}`)),
  };
}

/** One line for each collection in the file that is none of `moved`, and not meant to stay behind. */
export function unknownLeft(database: Database, moved: readonly string[]): string[] {
  const sql = "SELECT count(*) AS found FROM sqlite_master WHERE type = 'table' AND name = 'documents'";
  if (database.get<{ found: number }>(sql)?.found !== 1) return [];
  return database
    .all<{ collection: string; found: number }>(
      'SELECT collection, count(*) AS found FROM documents GROUP BY collection ORDER BY collection',
    )
    .filter(({ collection }) => !moved.includes(collection) && !isLeftBehind(collection))
    .map(
      ({ collection, found }) => `${found} documents of ${collection} do not move: this Hawker has no such collection`,
    );
}

/** One line for each thing that whoever leaves should know. */
export function warningsOf({ waiting, dead }: QueueLeft): string[] {
  const total = Object.values(waiting).reduce((sum, count) => sum + count, 0);
  const each = Object.entries(waiting).map(([subscription, count]) => `${subscription} ${count}`);
  return [
    ...(total > 0
      ? [
          `${total} events wait in the queue (${each.join(', ')}), and the queue does not move: let the server deliver them, stop it, and export again`,
        ]
      : []),
    ...Object.entries(dead).map(
      ([subscription, count]) =>
        `${count} dead letters of ${subscription} do not move; npm run queue -- dlq ls ${subscription} shows them`,
    ),
  ];
}
