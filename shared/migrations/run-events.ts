/** Events of runs: the one that has a run begun or gone on with, and what is told of it to whoever listens. */
import type { Clock } from '../clock.ts';
import type { NewEvent } from '../events/event.ts';
import type { Log } from '../log.ts';
import type { Queue } from '../queue/queue.ts';
import type { RunRecord } from './run.ts';

const RUN_TOPIC = 'migration.run';
const TOLD_TOPIC = 'migration.told';
const SOURCE = '/migrations';
/** How long the end of a run waits for what is still being published, in milliseconds. */
const LAST_WORDS_MS = 3_000;

/** Has the run begun, or gone on with: the same event for the same `seq`, so publishing it twice does no harm. Runs of one target come one after the other. */
export async function publishRun(
  queue: Pick<Queue, 'publish'>,
  { id, seq = 0, target }: { id: string; seq?: number | undefined; target: string },
  clock: Clock,
): Promise<void> {
  const event = { id: `${id}/${seq}`, source: SOURCE, type: RUN_TOPIC, time: timeOf(clock), subject: target };
  await queue.publish(RUN_TOPIC, { ...event, data: { run: id, seq } }, { orderingKey: target });
}

export interface Told {
  started(run: RunRecord): void;
  /** The k-th step (from 1) of the run took effect. */
  step(run: RunRecord, k: number, entry: RunRecord['progress'][number]): void;
  ended(run: RunRecord): void;
  /** Resolves when all was published, or after three seconds. */
  settled(): Promise<void>;
}

/**
 * Tells of one run. The ids derive from the run and the place within it, so a worker that takes over may tell a thing again and consumers know it. Nothing waits for
 * it, and what cannot be published is left out.
 */
export function createTold(id: string, parts: { queue: Pick<Queue, 'publish'>; clock: Clock; log: Log }): Told {
  const { queue, clock, log } = parts;
  const underWay = new Set<Promise<void>>();

  function tell(type: string, place: string, run: RunRecord, data: object): void {
    const event: NewEvent = {
      id: `${id}/${place}`,
      source: SOURCE,
      type,
      time: timeOf(clock),
      subject: run.target,
      data: { run: id, target: run.target, command: run.command, by: run.by, ...data },
    };
    const published = queue
      .publish(TOLD_TOPIC, event, { orderingKey: run.target })
      .catch((error: unknown) => log.warn('an event of a run could not be published', { run: id, type, error }))
      .finally(() => underWay.delete(published));
    underWay.add(published);
  }

  return {
    started: (run) => tell('migration.started', '0', run, { planned: run.planned, from: run.from }),
    step: (run, k, entry) => tell('migration.step', `${k}`, run, { step: k, planned: run.planned, ...entry }),
    ended: (run) =>
      tell(run.state === 'done' ? 'migration.completed' : 'migration.failed', 'end', run, {
        state: run.state,
        done: run.done,
        to: run.to,
        ...(run.error && { error: run.error }),
      }),
    async settled() {
      if (underWay.size === 0) return;
      const enough = new AbortController();
      const late = clock.sleep(LAST_WORDS_MS, enough.signal).catch(() => undefined);
      await Promise.race([Promise.all(underWay), late]);
      enough.abort();
    },
  };
}

function timeOf(clock: Clock): string {
  return new Date(clock.now()).toISOString();
}
