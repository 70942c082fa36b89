/** What one session's parts share. */
import type { Clock } from '../../clock.ts';
import type { Step } from '../migration.ts';
import type { Ahead, Link } from './link.ts';
import type { Tables } from './tables.ts';

/** A step and what belongs to it. */
export interface WholeText extends Ahead {
  /** What comes before the script. */
  prefix: string;
  /** Statements of ours around the script's. */
  before: number;
  after: number;
}

export interface Context {
  link: Link;
  tables: Tables;
  clock: Clock;
  /** Put back what a script before may have left set (search_path, role), then our own limits. */
  settings: readonly string[];
  /** Whether prepared.ts has been at work on this session. */
  isPrepared?: boolean;
  /** Milliseconds that our clock is before the server's, as it was then. */
  aheadOfServerMs?: number;
  /** The step that was sent behind the last one. It takes effect only if it is asked for. */
  ahead?: { step: Step; text: WholeText } | undefined;
}
