/** The process itself. */
import type { Config } from '#shared/config.ts';

export interface ProcessState {
  /** RFC 3339. */
  since: string;
  /** MiB, resident. */
  memory: number;
  node: string;
  pid: number;
  store: string;
  queue: string;
}

const MIB = 1024 * 1024;

/** When this process started, RFC 3339; the wall clock may be set later, so it is asked once. */
export function startOf(now: number): string {
  return new Date(now - process.uptime() * 1000).toISOString();
}

export function readProcess({ HAWKER_STORE, HAWKER_QUEUE }: Config, since: string): ProcessState {
  return {
    since,
    memory: Math.round(process.memoryUsage.rss() / MIB),
    node: process.version,
    pid: process.pid,
    store: HAWKER_STORE,
    queue: HAWKER_QUEUE,
  };
}
