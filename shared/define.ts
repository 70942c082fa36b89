/** What a function is: a row in the manifest that says what it needs, and an entry that makes it. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Blobs } from './blobs/blobs.ts';
import type { Clock } from './clock.ts';
import type { Config, SettingName } from './config.ts';
import type { Google } from './google/google.ts';
import type { Ids } from './ids.ts';
import type { Held, Leases } from './lease/lease.ts';
import type { Log } from './log.ts';
import type { Lta } from './lta/lta.ts';
import type { EventHandler, Queue, SubscriptionSpec } from './queue/queue.ts';
import type { Store, Write } from './store/store.ts';

export type Trigger = { type: 'http' } | { type: 'message'; topic: string } | ScheduleTrigger;

/** Fires at the minutes that `cron` names: five fields, as Cloud Scheduler and crontab(5) read them, in an IANA time zone. */
export interface ScheduleTrigger {
  type: 'schedule';
  cron: string;
  timeZone: string;
  /** What becomes of a firing that comes while an earlier one still runs: dropped, or run after it. */
  overlap: 'skip' | 'queue';
}

/** One row of the manifest. Nothing has a default: what a function may do is written down, row by row. */
export interface FunctionRow {
  /** Kebab-case; the folder's name, the prefix under `npm start`, the service's name in the cloud. */
  name: string;
  /** One sentence for README's table. */
  summary: string;
  trigger: Trigger;
  /** Who reaches it over the network: everybody, or the project's own services. */
  ingress: 'all' | 'internal';
  /** Who may call it: anyone; the holder of an admin key or of a configured Google identity; or only its push subscription's or its schedule's identity. */
  callers: 'anyone' | 'admins' | 'push' | 'scheduler';
  /** How it is served: as an app under functions-framework or its own server, or only by a server of its own. */
  serve: 'app' | 'own-server';
  /** Store collections it reads or writes. */
  store: Record<string, 'read' | 'write'>;
  /** Topics it publishes to. */
  publishes: readonly string[];
  /** What it does with blobs. `sign` is to write, and to make addresses of Cloud Storage that others may read for minutes. */
  blobs: 'none' | 'read' | 'write' | 'sign';
  /** Google's APIs that it calls in its own name. */
  google: readonly ('slides' | 'drive' | 'secretmanager' | 'sqladmin')[];
  /** MiB. */
  memory: number;
  /** vCPUs. Below 1 the platform allows one request at a time. */
  cpu: number;
  /** Requests or events at a time per instance. */
  concurrency: number;
  /** Seconds, at most 3,600. */
  timeout: number;
  /**
   * For message functions, deliveries of an event before it becomes a dead letter (5 to 100). For schedule functions, how often Cloud Scheduler
   * repeats a firing that failed (0 to 5). 0 for others.
   */
  retries: number;
  /** Settings it reads beside the common ones. */
  settings: readonly SettingName[];
  /** Those of its settings that are secrets. */
  secrets: readonly SettingName[];
}

export type ScheduledRow = FunctionRow & { trigger: ScheduleTrigger };

export function isScheduled(row: FunctionRow): row is ScheduledRow {
  return row.trigger.type === 'schedule';
}

/** What every function is given. */
export interface Runtime {
  config: Config;
  store: Store;
  queue: Queue;
  log: Log;
  clock: Clock;
  ids: Ids;
  /** Leader election, opened when first asked for. */
  leases: () => Promise<Leases>;
  /** LTA DataMall, opened when first asked for: one for all functions of a process, so that they share its budget. */
  lta: () => Promise<Lta>;
  /** Bytes that are kept for a while, opened when first asked for. */
  blobs: () => Promise<Blobs>;
  /** Google Slides, Drive, Storage, Secret Manager and Cloud SQL Admin, opened when first asked for: one for all functions of a process, so that they share the limit on writes. */
  google: () => Promise<Google>;
  /** The path below which an HTTP function is reached from outside, without a trailing slash: `/links` under `npm start`, '' on a host of its own. */
  prefix: string;
}

/** What a Request does not tell of the socket that it came by. */
export interface Connection {
  incoming: IncomingMessage;
}

export interface HttpFunction {
  kind: 'http';
  /** A fetch handler: the app, served at the root of its own host or below `/<name>` under `npm start`. `from` is absent where no socket is. */
  fetch(request: Request, from?: Connection): Response | Promise<Response>;
  /** Ends answers that would go on for minutes; called first when the process is about to end. */
  endStreams?(): void;
  /** Ends what outlives a request; called once, after the last one. */
  drain?(withinMs: number): Promise<void>;
}

export interface ListenerFunction {
  kind: 'listener';
  listener(request: IncomingMessage, response: ServerResponse): void;
  drain?(withinMs: number): Promise<void>;
}

export interface MessageFunction {
  kind: 'message';
  handle: EventHandler;
  drain?(withinMs: number): Promise<void>;
}

/** One time at which a schedule says to run. */
export interface Firing {
  /** The scheduled time, RFC 3339 to the second in UTC: the same for every delivery of the firing. */
  id: string;
  /** Held until the run ends, or has been given up after it did not heed `signal` for seconds: nothing else of this schedule runs meanwhile. */
  held: Held;
  /** Aborts when the lease is lost, at the row's timeout, and when the process must go. */
  signal: AbortSignal;
}

export interface ScheduleFunction {
  kind: 'schedule';
  /**
   * Whether there is nothing to do, as far as can be told by reading. Then a firing costs these reads and nothing else: no lease is taken and nothing is
   * recorded. It is asked before anything else, by every instance, and also while a run is under way.
   */
  idle?(): Promise<boolean>;
  /** Whether to fire once more as the process starts, for what should not wait for the next minute of the schedule. A firing of its own, named by the second. */
  dueAtStart?(): Promise<boolean>;
  /** The writes it answers (at most 490) are committed together with the end of the firing; after that it never runs again. */
  run(firing: Firing): Promise<readonly Write[]>;
  drain?(withinMs: number): Promise<void>;
}

export type FunctionInstance = HttpFunction | ListenerFunction | MessageFunction | ScheduleFunction;

/** An entry's default export. Called once per process; what it opens, `drain` closes. */
export type CreateFunction = (runtime: Runtime) => FunctionInstance | Promise<FunctionInstance>;

/** The identity on an entry's factory, so that the compiler checks it where it is written. */
export function defineFunction(create: CreateFunction): CreateFunction {
  return create;
}

/** The subscriptions that these rows imply: one for each message function, named like it. */
export function subscriptionsOf(rows: readonly FunctionRow[]): SubscriptionSpec[] {
  return rows.flatMap((row) =>
    row.trigger.type === 'message'
      ? [
          {
            name: row.name,
            topic: row.trigger.topic,
            concurrency: row.concurrency,
            ackDeadlineMs: row.timeout * 1000,
            maxAttempts: row.retries,
          },
        ]
      : [],
  );
}
