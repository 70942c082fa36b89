/** Ends the statement of a script that is being run, from another connection. */
import type { Context } from './context.ts';
import { asAppError } from './failures.ts';

const KILL_MS = 10_000;

export async function cancelRunning(context: Context): Promise<void> {
  if (!context.running || context.lost) return;
  context.cancelled = true;
  const { id } = context.wire;
  let lost = false;
  const answered = new AbortController();
  try {
    const { connect } = await import('../mysql-client.ts');
    const other = await connect(context.address, 'hawker cancel', () => {
      lost = true;
    });
    try {
      // While it was on its way the statement may have ended by itself; what comes next is not to be ended.
      if (context.running)
        await Promise.race([other.run(`KILL QUERY ${id}`), context.clock.sleep(KILL_MS, answered.signal)]);
    } finally {
      answered.abort();
      if (!lost) other.destroy();
    }
  } catch (error) {
    throw asAppError(error);
  }
}
