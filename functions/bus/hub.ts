/**
 * What streams share: one loop for each stop that reads its board while anybody listens, and tells all of them.
 *
 * A stop is watched from its first listener to its last. While it is, its board is read whenever it may be new, compared with the last one, and what differs is told
 * to each listener. A listener that has no board yet, or whose last one is not known any more, gets the whole board first (`reset`); one that comes back with
 * the id of a kept board gets what has changed since. When the board cannot be read, listeners are told so once for each kind of trouble, and the loop goes on; the next
 * board that can be read is told even if nothing differs, and ends the trouble.
 */
import { hash } from 'node:crypto';
import type { Board, Meta } from '#shared/bus/board.ts';
import type { Runtime } from '#shared/define.ts';
import { type AppError, CATALOGUE } from '#shared/errors.ts';
import { toAppError } from '#shared/http/problem.ts';
import { feedTroubleOf } from '#shared/lta/feed-refusal.ts';
import { runOutOfScope } from '#shared/telemetry/scope.ts';
import type { Context } from './context.ts';
import { differenceBetween, type Frame, frameOf, isEmpty } from './differences.ts';
import { createFrames } from './frames.ts';

/** How often something is sent when there is nothing to tell: proxies close what is silent for longer. */
const HEARTBEAT_MS = 15_000;
const HEARTBEAT = new TextEncoder().encode(': hb\n\n');

export interface Listener {
  /** The one service it wants; all without it. */
  service?: string;
  /** Of the last board that it has. */
  lastId?: string;
  /** May not throw. The same bytes go to many. */
  send(bytes: Uint8Array): void;
}

export interface Hub {
  /**
   * Reads the board and greets the listener with it, or with the trouble where it may pass. Answers what ends the listening. Rejects as Boards.read does in other cases, and
   * with the signal's reason.
   */
  join(stop: string, listener: Listener, signal: AbortSignal): Promise<() => void>;
  /** How many loops run. */
  readonly loops: number;
}

/** A board, by the id under which it was told. */
interface Told {
  id: string;
  board: Board;
  frame: Frame;
}

interface Watch {
  stop: string;
  /** Those that have a board, and those that could not be given one yet. */
  listeners: Set<Listener>;
  waiting: Set<Listener>;
  last?: Told;
  /** Which of the reads `last` is from. */
  lastRead: number;
  trouble?: AppError;
  ended: AbortController;
}

export function createHub({ boards, clock, log }: Pick<Context, 'boards'> & Pick<Runtime, 'clock' | 'log'>): Hub {
  const watches = new Map<string, Watch>();
  const frames = createFrames(clock);
  /** Ids grow even where the wall clock does not. */
  let newest = 0;
  let reads = 0;

  const told = (board: Board, last: Told | undefined): Told => {
    const frame = frameOf(board.services);
    if (last && isEmpty(differenceBetween(last.frame, frame))) return { id: last.id, board, frame: last.frame };
    newest = Math.max(newest + 1, clock.now());
    const id = `${newest.toString(36)}-${hash('sha1', JSON.stringify([...frame.data]), 'hex').slice(0, 8)}`;
    frames.keep(board.stop.code, id, frame);
    return { id, board, frame };
  };

  /** Tells a new board to those who listen. `read` counts the reads by when they began. */
  const take = (watch: Watch, board: Board, read: number) => {
    const { last, trouble, listeners, waiting } = watch;
    // Two reads may end in the other order; the wall clock, which may be set back, does not tell.
    if (read < watch.lastRead) return;
    const next = told(board, last);
    watch.last = next;
    watch.lastRead = read;
    delete watch.trouble;
    if (last) {
      const always = trouble !== undefined || metaChanged(last.board.meta, board.meta);
      const updates = new Map<string | undefined, Uint8Array | undefined>();
      for (const { service, send } of [...listeners]) {
        if (!updates.has(service)) updates.set(service, update(next, last.frame, service, always));
        const bytes = updates.get(service);
        if (bytes) send(bytes);
      }
    }
    for (const listener of [...waiting]) {
      waiting.delete(listener);
      listeners.add(listener);
      greet(watch, listener, next);
    }
  };

  const greet = (watch: Watch, { service, lastId, send }: Listener, last: Told) => {
    const { id, board, frame } = last;
    const known = lastId === undefined ? undefined : idWithout(lastId, service);
    const before = known === id ? frame : frames.find(watch.stop, known ?? '');
    const bytes = before && update(last, before, service, true);
    send(
      bytes || eventOf('reset', { ...board, services: only(frameOf(board.services), service).rows }, idOf(id, service)),
    );
  };

  const failed = (watch: Watch, error: unknown) => {
    const trouble = toAppError(error);
    const known = watch.trouble && kindOf(watch.trouble) === kindOf(trouble);
    // Whoever joins is told when to expect the next attempt as of now.
    watch.trouble = trouble;
    if (known) return;
    if (trouble.code === 'internal') log.error('a board cannot be read', { stop: watch.stop, error });
    const bytes = troubleOf(trouble);
    for (const { send } of [...watch.listeners, ...watch.waiting]) send(bytes);
  };

  const readOn = async (watch: Watch) => {
    const { stop, ended } = watch;
    while (!ended.signal.aborted) {
      await clock.sleep(boards.dueInMs(stop), ended.signal);
      try {
        const read = ++reads;
        take(watch, await boards.read(stop, ended.signal), read);
      } catch (error) {
        if (!ended.signal.aborted) failed(watch, error);
      }
    }
  };

  const beat = async ({ listeners, waiting, ended }: Watch) => {
    while (!ended.signal.aborted) {
      await clock.sleep(HEARTBEAT_MS, ended.signal);
      for (const { send } of [...listeners, ...waiting]) send(HEARTBEAT);
    }
  };

  const watchOf = (stop: string): Watch => {
    const running = watches.get(stop);
    if (running) return running;
    const watch: Watch = { stop, listeners: new Set(), waiting: new Set(), lastRead: 0, ended: new AbortController() };
    watches.set(stop, watch);
    // They serve whoever listens, for longer than the request of the first. Both end by a rejected sleep.
    runOutOfScope(() => {
      readOn(watch).catch(() => undefined);
      beat(watch).catch(() => undefined);
    });
    return watch;
  };

  return {
    async join(stop, listener, signal) {
      const read = ++reads;
      const board = await boards.read(stop, signal).catch((error: unknown) => {
        if (signal.aborted || toAppError(error).code !== 'unavailable') throw error;
        return toAppError(error);
      });
      // From here on nothing else runs until it listens, so no update is missed and none comes twice.
      const watch = watchOf(stop);
      if (!(board instanceof Error)) take(watch, board, read);
      else failed(watch, board);
      if (watch.last && !watch.trouble) {
        greet(watch, listener, watch.last);
        watch.listeners.add(listener);
      } else {
        if (watch.trouble) listener.send(troubleOf(watch.trouble));
        watch.waiting.add(listener);
      }
      return () => {
        watch.listeners.delete(listener);
        watch.waiting.delete(listener);
        if (watch.listeners.size + watch.waiting.size > 0 || watches.get(stop) !== watch) return;
        watches.delete(stop);
        watch.ended.abort();
      };
    },
    get loops() {
      return watches.size;
    },
  };
}

function only({ rows, data }: Frame, service: string | undefined): Frame {
  return service === undefined
    ? { rows, data }
    : { rows: rows.filter((row) => row.service.toUpperCase() === service), data };
}

/** Age and time of day pass by themselves. */
function metaChanged(before: Meta, after: Meta): boolean {
  const lasting = ({ fetchedAt, stale, upstream, lists }: Meta) => JSON.stringify([fetchedAt, stale, upstream, lists]);
  return lasting(before) !== lasting(after);
}

function update(
  { id, board, frame }: Told,
  before: Frame,
  service: string | undefined,
  always: boolean,
): Uint8Array | undefined {
  const difference = differenceBetween(only(before, service), only(frame, service));
  if (!always && isEmpty(difference)) return undefined;
  const removed = difference.removed.map((row) => row.id);
  return eventOf('update', { meta: board.meta, ...difference, removed }, idOf(id, service));
}

/** The id says for which service the board was told: a client that asks for another one has another board. */
function idOf(id: string, service: string | undefined): string {
  return service === undefined ? id : `${id}-${service}`;
}

/** Undefined where it was told for another service. */
function idWithout(id: string, service: string | undefined): string | undefined {
  const suffix = service === undefined ? '' : `-${service}`;
  return id.endsWith(suffix) ? id.slice(0, id.length - suffix.length) : undefined;
}

/** The text of a refusal by the feed counts the seconds to the next attempt. */
function kindOf(error: AppError): string {
  return `${error.code} ${feedTroubleOf(error)?.reason ?? error.message}`;
}

function troubleOf(error: AppError): Uint8Array {
  // What lies behind a failure of ours is for the log.
  const detail = error.cause === undefined ? error.message : CATALOGUE[error.code].title;
  const seconds = Number(error.headers['Retry-After']);
  return eventOf('trouble', { code: error.code, detail, retryAfter: Number.isFinite(seconds) ? seconds : null });
}

/** https://html.spec.whatwg.org/multipage/server-sent-events.html: JSON has no line breaks of its own. */
export function eventOf(event: string, data: unknown, id?: string): Uint8Array {
  return new TextEncoder().encode(
    `${id === undefined ? '' : `id: ${id}\n`}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`,
  );
}
