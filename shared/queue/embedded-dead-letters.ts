/**
 * What becomes of dead letters in the embedded file. Each step is one short transaction, so that a process which serves requests from the same
 * file hardly notices, and a dead letter is at every moment either dead, due, or gone.
 */
import type { Clock } from '../clock.ts';
import type { Database } from '../sqlite/database.ts';
import { transactionWhenFree } from '../sqlite/when-free.ts';
import type { DeadRow, Deliveries } from './deliveries.ts';
import type { DeadLetterChoice } from './queue.ts';

export interface DeadLetters {
  /** The newest first. */
  find(subscription: string, ids: readonly string[]): DeadRow[];
  redrive(subscription: string, choice: DeadLetterChoice): Promise<string[]>;
  purge(subscription: string, choice: DeadLetterChoice): Promise<string[]>;
}

const AT_ONCE = 100;

const FIND = `
  SELECT id, event, key, published, attempts, reason, at FROM queue_dead_letters
  WHERE subscription = ? AND id IN (SELECT value FROM json_each(?)) ORDER BY id`;

const OLDEST = `
  SELECT id, event, key, published, attempts, reason, at FROM queue_dead_letters
  WHERE subscription = ? AND id > ? AND id <= ? ORDER BY id LIMIT ?`;

const LAST = 'SELECT max(id) AS id FROM queue_dead_letters WHERE subscription = ?';

const DELETE = 'DELETE FROM queue_dead_letters WHERE id = ?';

export function createDeadLetters(database: Database, deliveries: Deliveries, clock: Clock): DeadLetters {
  const find = (subscription: string, ids: readonly string[]) =>
    database.all<DeadRow>(FIND, subscription, JSON.stringify(ids.map(Number)));

  /** Goes through the chosen ones, the oldest first: `take` runs in the transaction that removes them. */
  const remove = async (subscription: string, choice: DeadLetterChoice, take: (rows: DeadRow[]) => void) => {
    const removed: string[] = [];
    const step = (rowsOf: () => DeadRow[]) =>
      transactionWhenFree(database, clock, () => {
        const rows = rowsOf();
        take(rows);
        for (const { id } of rows) database.run(DELETE, id);
        return rows;
      });
    if ('ids' in choice) {
      const ids = rowIds(choice.ids).toSorted((a, b) => Number(a) - Number(b));
      for (let at = 0; at < ids.length; at += AT_ONCE)
        for (const { id } of await step(() => find(subscription, ids.slice(at, at + AT_ONCE))))
          removed.push(String(id));
      return removed;
    }
    // Some may die again meanwhile; they are not among those that were meant.
    const last = database.get<{ id: number | null }>(LAST, subscription)?.id ?? 0;
    for (let after = 0; removed.length < choice.oldest; ) {
      const limit = Math.min(AT_ONCE, choice.oldest - removed.length);
      const rows = await step(() => database.all<DeadRow>(OLDEST, subscription, after, last, limit));
      for (const { id } of rows) removed.push(String(id));
      const reached = rows.at(-1)?.id;
      if (reached === undefined) break;
      after = reached;
    }
    return removed;
  };

  return {
    find: (subscription, ids) => find(subscription, rowIds(ids)).reverse(),
    redrive: (subscription, choice) =>
      remove(subscription, choice, (rows) =>
        deliveries.add(
          rows.map(({ event, key }) => ({ subscription, event, key: key ?? undefined })),
          clock.now(),
        ),
      ),
    purge: (subscription, choice) => remove(subscription, choice, () => undefined),
  };
}

/** Those that can be the id of a row. */
function rowIds(ids: readonly string[]): string[] {
  return ids.filter((id) => /^\d{1,15}$/.test(id));
}
