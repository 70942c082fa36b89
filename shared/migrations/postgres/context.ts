/** What one session's parts share. */
import type { Clock } from '../../clock.ts';
import type { Link } from './link.ts';
import type { Tables } from './tables.ts';

export interface Context {
  link: Link;
  tables: Tables;
  clock: Clock;
  /** Put back what a script before may have left set (search_path, role), then our own limits. */
  settings: readonly string[];
}
