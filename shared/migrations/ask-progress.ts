/** Asks the database how far a statement is, as long as it is under way. */
import type { Clock } from '../clock.ts';
import type { ServerProgress, Session } from './session.ts';

const EVERY_MS = 2_000;
/** How long an answer is waited for before it counts as none. The next is not asked for before it has come. */
const ANSWER_MS = 10_000;

/** Never throws and holds nothing up: answers what ends it at once, whatever is still being asked. */
export function askProgress(
  session: Pick<Session, 'progress'>,
  clock: Clock,
  tell: (told: ServerProgress | undefined) => void,
): () => void {
  const over = new AbortController();
  const ask = async () => {
    for (;;) {
      await clock.sleep(EVERY_MS, over.signal);
      const asked = session.progress().catch(() => undefined);
      const answered = new AbortController();
      const late = clock.sleep(ANSWER_MS, AbortSignal.any([over.signal, answered.signal])).catch(() => undefined);
      const told = await Promise.race([asked, late.then(() => undefined)]);
      answered.abort();
      if (over.signal.aborted) return;
      tell(told);
      await Promise.race([asked, aborted(over.signal)]);
    }
  };
  ask().catch(() => undefined);
  return () => over.abort();
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
