/** Ending a run by a signal: after the file under way, or at once by a second one. */
import { constants } from 'node:os';

export interface Stop {
  /** Aborts when no further file is to begin. */
  signal: AbortSignal;
  /** 128 and the signal's number, once there was one. */
  code(): number | undefined;
  by(): NodeJS.Signals | undefined;
  /** While a file runs, Ctrl-C waits for it as long as it takes. */
  during<T>(work: () => Promise<T>): Promise<T>;
}

export function catchSignals({ stopping }: { stopping(signal: NodeJS.Signals): void }): Stop {
  const controller = new AbortController();
  let caught: NodeJS.Signals | undefined;
  let running = false;
  const end = () => controller.abort(new Error(`ended by ${caught}`));
  const catchOne = (signal: NodeJS.Signals) => {
    if (caught) process.exit(128 + constants.signals[signal]);
    caught = signal;
    stopping(signal);
    // Whoever sends SIGTERM kills a few seconds later, so the runner is told now and gives up in good order before that.
    if (!running || signal === 'SIGTERM') end();
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, catchOne);
  return {
    signal: controller.signal,
    code: () => caught && 128 + constants.signals[caught],
    by: () => caught,
    async during(work) {
      running = true;
      try {
        return await work();
      } finally {
        running = false;
        if (caught) end();
      }
    },
  };
}
