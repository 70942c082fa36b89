/** Ending a run by a signal: after the file under way, or at once by a second one. */
import { constants } from 'node:os';

export interface Stop {
  /** Aborts when no further file is to begin. */
  signal: AbortSignal;
  /** 128 and the signal's number, once there was one. */
  code(): number | undefined;
  by(): NodeJS.Signals | undefined;
  /** While a file runs, or several do, Ctrl-C waits for them as long as it takes. */
  during<T>(work: () => Promise<T>): Promise<T>;
  /** Where it need not wait: a file that works in pages goes on behind any of them. */
  betweenPages(): void;
}

export function catchSignals({ stopping }: { stopping(signal: NodeJS.Signals): void }): Stop {
  const controller = new AbortController();
  let caught: NodeJS.Signals | undefined;
  let running = 0;
  const end = () => controller.abort(new Error(`ended by ${caught}`));
  const catchOne = (signal: NodeJS.Signals) => {
    if (caught) process.exit(128 + constants.signals[signal]);
    caught = signal;
    stopping(signal);
    // Whoever sends SIGTERM kills a few seconds later, so the runner is told now and gives up in good order before that.
    if (running === 0 || signal === 'SIGTERM') end();
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, catchOne);
  return {
    signal: controller.signal,
    code: () => caught && 128 + constants.signals[caught],
    by: () => caught,
    betweenPages() {
      if (caught) end();
    },
    async during(work) {
      running++;
      try {
        return await work();
      } finally {
        running--;
        if (caught && running === 0) end();
      }
    },
  };
}
