/** What a chaos run is made of, as its processes tell each other. */

/** Ways to be wrong on purpose, for the proof that the judge notices; no command offers them. */
export type Flaw =
  /** Leaders go on without `assert()`. */
  | 'unasserted'
  /** The resource takes a write whatever its token. */
  | 'unfenced resource'
  /** Leaders go on without `assert()`, and commit without the guard too. */
  | 'unfenced commits';

export interface WorkerPlan {
  /** The lease's name. */
  name: string;
  /** Says which of the contenders and which of its lives this is. */
  worker: string;
  /** The settings of shared/config.ts that this process goes by. */
  settings: Record<string, string>;
  /** Instead of those settings' place for leases, a cluster's API server with its token and certificate in a folder. */
  kubernetes?: { host: string; port: string; folder: string };
  durationMs: number;
  /** The resource's port on loopback. */
  resource: number;
  /** Where to write down what happens. */
  evidence: string;
  seed: number;
  /** By how much this process' wall clock is wrong, in milliseconds. */
  skewMs: number;
  /** Whether it may kill itself while it leads. */
  mayCrash: boolean;
  flaw?: Flaw;
}

/** To a worker. */
export type Order = { skewMs: number } | 'finish';

/** From a worker: whether it leads. */
export interface News {
  leads: boolean;
}

/** The collections in which leaders count; nothing else uses them. */
export const COUNTERS = 'chaos-counters';
export const ENTRIES = 'chaos-entries';

export interface Counter {
  count: number;
  token: number;
}

/** One fenced commit as the store keeps it, beside the counter that it moved on. */
export interface Entry extends Counter {
  id: string;
}
