/** The one place that loads Pyroscope's library, and with it native code: only where profiles are wanted. */
import { createRequire } from 'node:module';
import pyroscope from '@pyroscope/nodejs';
import type { Labeller } from './profile-labels.ts';

export { pyroscope };

type Labels = Record<string, string>;

/** What the library profiles with, as far as it is used here: https://github.com/DataDog/pprof-nodejs */
interface Profiler {
  time: {
    start(options: object): void;
    runWithContext<T>(context: { labels: Labels }, work: () => T): T;
    isStarted(): boolean;
  };
}

/**
 * Labels that follow the code through its awaits. The library's own belong to the process: whatever ran after an await, or between two, would go under the labels that
 * were set last. The profiler below it can keep them where AsyncLocalStorage keeps its own, and is started so. Before the library starts.
 */
export function followAwaits(): Labeller {
  const { time } = createRequire(import.meta.resolve('@pyroscope/nodejs'))('@datadog/pprof') as Profiler;
  const start = time.start;
  time.start = (options) => start({ ...options, useCPED: true });
  return (labels, work) =>
    time.isStarted() ? time.runWithContext({ labels: labels as unknown as Labels }, work) : work();
}
