/** What each statement of a script locks, whom it keeps waiting, and whether it writes the table anew: before it is run, by its text alone. */
import type { Kind } from '../target.ts';
import type { Weighed } from './weighed.ts';

/** Nothing for a text that is no SQL, and for Firestore. */
export async function weighScript(kind: Kind, text: string): Promise<Weighed[]> {
  switch (kind) {
    case 'postgres':
      return (await import('./postgres.ts')).weighPostgres(text);
    case 'mysql':
      return (await import('./mysql.ts')).weighMysql(text);
    case 'sqlite':
      return (await import('./sqlite.ts')).weighSqlite(text);
    case 'firestore':
      return [];
  }
}
