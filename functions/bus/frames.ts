/**
 * The last boards of stops by the ids that streams gave them, so that a client which comes back gets what has changed since. They outlive the
 * listeners, since a client that reconnects may have been the only one.
 */
import type { Clock } from '#shared/clock.ts';
import type { Frame } from './differences.ts';

/** For each stop. */
const MOST_FRAMES = 8;
const KEPT_MS = 5 * 60_000;
/** Those that were watched last. */
const MOST_STOPS = 200;

export interface Frames {
  keep(stop: string, id: string, frame: Frame): void;
  /** Undefined where it is too old, or of another process. */
  find(stop: string, id: string): Frame | undefined;
}

export function createFrames(clock: Clock): Frames {
  /** The stop that got a frame last is the last. */
  const kept = new Map<string, { id: string; frame: Frame; at: number }[]>();

  return {
    keep(stop, id, frame) {
      const others = kept.get(stop) ?? [];
      kept.delete(stop);
      kept.set(stop, [...others.slice(1 - MOST_FRAMES), { id, frame, at: clock.mono() }]);
      const oldest = kept.keys().next();
      if (kept.size > MOST_STOPS && !oldest.done) kept.delete(oldest.value);
    },
    find(stop, id) {
      const found = kept.get(stop)?.find((candidate) => candidate.id === id);
      return found && clock.mono() - found.at <= KEPT_MS ? found.frame : undefined;
    },
  };
}
