/** One statement of a script: run, stopped when its step is given up, and its failure told with its place. */
import { AppError } from '../../errors.ts';
import type { Script } from '../migration.ts';
import type { Answer } from '../mysql-client.ts';
import type { Statement } from '../statements.ts';
import { cancelRunning } from './cancel.ts';
import { type Context, onWire } from './context.ts';
import { isInterrupted, isLocked, isLoss, wordsOf } from './failures.ts';

/** A statement that was told to stop may have much to take back; after this the connection is given up, too. */
const STOP_MS = 10_000;

export interface Running {
  script: Script | undefined;
  statement: Statement;
  /** From 1. */
  k: number;
  n: number;
  signal: AbortSignal;
}

export async function runStatement(context: Context, running: Running): Promise<Answer> {
  const { signal, statement } = running;
  throwIfStopped(context, running);
  const over = new AbortController();
  const stop = () => {
    stopWithin(context, over.signal).catch(() => {});
  };
  signal.addEventListener('abort', stop, { once: true });
  context.running = true;
  try {
    return await onWire(context, (wire) => wire.run(statement.sql));
  } catch (error) {
    if (error instanceof AppError) throw error;
    if (isLoss(error))
      throw new AppError('outcome_unknown', `${placeOf(running)}: the connection was lost while it was run`);
    if (isInterrupted(error)) throwIfStopped(context, running);
    const code = isLocked(error) ? 'unavailable' : 'migration_failed';
    throw new AppError(code, `${placeOf(running)}: ${wordsOf(error)}`, { cause: error });
  } finally {
    context.running = false;
    signal.removeEventListener('abort', stop);
    over.abort();
  }
}

/** KILL QUERY may come too late for its statement: then the next one is not begun. */
export function throwIfStopped(context: Context, running: Running): void {
  running.signal.throwIfAborted();
  if (context.cancelled) throw new AppError('migration_failed', `${placeOf(running)}: it was cancelled`);
}

async function stopWithin(context: Context, over: AbortSignal): Promise<void> {
  await cancelRunning(context).catch(() => {});
  await context.clock.sleep(STOP_MS, over);
  context.lost = true;
  context.wire.destroy();
}

function placeOf({ script, statement, k, n }: Running): string {
  return `${script?.file ?? 'This step'}: statement ${k} of ${n}, line ${statement.line}`;
}
