/** What waits in the queue, and what died there. */
import type { FunctionRow, Runtime } from '#shared/define.ts';
import type { Depth } from '#shared/queue/queue.ts';

export interface QueueRow extends Omit<Depth, 'oldest'> {
  /** RFC 3339. */
  oldest?: string;
  /** Whether this process handles its events. */
  here: boolean;
}

/** `pubsub`: Cloud Monitoring knows. */
export function readQueue({ queue }: Pick<Runtime, 'queue'>, rows: readonly FunctionRow[]): QueueRow[] | 'pubsub' {
  if (!queue.depths) return 'pubsub';
  const here = new Set(rows.map(({ name }) => name));
  return queue.depths().map(({ oldest, ...depth }) => ({
    ...depth,
    ...(oldest !== undefined && { oldest: new Date(oldest).toISOString() }),
    here: here.has(depth.subscription),
  }));
}
