/**
 * A PostgreSQL in this process, in memory alone, for one client at a time: it has one backend. Who comes second is told that there are too many clients; who comes after the first has left finds the settings and locks of the
 * first gone, as on any server. It knows no other server's roles and databases, ends no statement by time, and a statement under way is ended by ending the whole.
 */
import type { Duplex } from 'node:stream';
import type { Clock } from '../../clock.ts';
import { AppError } from '../../errors.ts';
import { unlessAborted } from '../../unless-aborted.ts';
import type { Route } from '../address.ts';
import type { PgliteTold } from '../pglite-client.ts';
import { pgliteWire } from './pglite-wire.ts';

const START_MS = 60_000;
/** How often one looks how large it has become. */
const LOOK_MS = 200;
const MIB = 2 ** 20;
/** While it starts it takes up to 1.2 GiB for a moment, and 0.5 to 0.7 from there on. */
const NEEDED = 1_400 * MIB;
/** More than that on top of what the process had before ends it. */
const MOST = 2_048 * MIB;

export interface PgliteServer extends AsyncDisposable {
  /** Who dials a second time is let in where the first has left. */
  route: Route;
  /** Past the one client: whole messages of the protocol, asked of the same backend between two of its own. */
  ask(messages: Uint8Array): Promise<Uint8Array>;
  /** Why it is of no more use. */
  ended(): AppError | undefined;
}

/** Throws `migration_refused` where the process may not have the memory, `unavailable` where it does not start. The signal ends it at any time. */
export async function startPglite(given: {
  /** By their names in SQL. */
  extensions: readonly string[];
  clock: Clock;
  signal: AbortSignal;
  /** Bytes that this process may have; of its container where it is absent. */
  memory?: number;
}): Promise<PgliteServer> {
  const { extensions, clock, signal, memory = process.constrainedMemory() } = given;
  signal.throwIfAborted();
  // 0 is unknown.
  if (memory > 0 && memory < NEEDED)
    throw new AppError(
      'migration_refused',
      `a PostgreSQL in this process needs ${NEEDED / MIB} MiB of memory, and there are ${Math.floor(memory / MIB)}`,
    );
  const before = process.memoryUsage.rss();
  const { startPgliteThread } = await import('../pglite-client.ts');
  const thread = startPgliteThread(extensions);
  // What it prints is nobody's.
  thread.stdout.resume();
  thread.stderr.resume();

  const waiting: { resolve(answer: Uint8Array): void; reject(error: Error): void }[] = [];
  const wires = new Set<Duplex>();
  const ready = Promise.withResolvers<void>();
  const over = new AbortController();
  let inside: Duplex | undefined;
  let why: AppError | undefined;

  const end = (reason: string) => {
    if (why) return;
    why = new AppError('unavailable', `the PostgreSQL in this process has ended: ${reason}`);
    over.abort();
    signal.removeEventListener('abort', onAbort);
    ready.reject(why);
    for (const { reject } of waiting.splice(0)) reject(why);
    for (const wire of wires) wire.destroy(why);
    void thread.terminate();
  };
  const onAbort = () => end('it was given up');
  signal.addEventListener('abort', onAbort, { once: true });
  ready.promise.catch(() => {});

  thread.on('message', (told: PgliteTold) => {
    if ('ready' in told) ready.resolve();
    else if ('answer' in told) waiting.shift()?.resolve(told.answer);
    else end(told.failed);
  });
  thread.on('error', (error) => end(error instanceof Error ? error.message : 'it broke'));
  thread.on('exit', () => end('its thread has ended'));
  const watch = async () => {
    for (;;) {
      await clock.sleep(LOOK_MS, over.signal);
      if (process.memoryUsage.rss() - before > MOST) end(`it took more than ${MOST / MIB} MiB of memory`);
    }
  };
  watch().catch(() => {});
  clock.sleep(START_MS, over.signal).then(
    () => ready.reject(new AppError('unavailable', 'the PostgreSQL in this process did not start')),
    () => {},
  );

  const ask = (messages: Uint8Array): Promise<Uint8Array> => {
    if (why) return Promise.reject(why);
    const answer = Promise.withResolvers<Uint8Array>();
    waiting.push(answer);
    thread.postMessage(messages);
    return answer.promise;
  };
  const dial = async () => {
    if (why) throw why;
    const wire = pgliteWire({
      ask,
      full: inside !== undefined,
      left: (atWork) => {
        wires.delete(wire);
        if (inside !== wire) return;
        inside = undefined;
        // Nobody else can end what runs.
        if (atWork) return end('its client was cut off');
        // What a server does at the end of a session. They are answered before whatever the next one asks.
        for (const sql of ['rollback', 'discard all']) ask(query(sql)).catch(() => {});
      },
    });
    wire.on('error', () => {});
    wires.add(wire);
    inside ??= wire;
    return wire;
  };

  try {
    await unlessAborted(ready.promise, signal);
  } catch (error) {
    end('it did not start');
    throw error;
  }
  return {
    route: { user: 'postgres', password: '', database: 'postgres', dial },
    ask,
    ended: () => why,
    [Symbol.asyncDispose]: async () => {
      end('it was closed');
      await thread.terminate();
    },
  };
}

function query(sql: string): Buffer {
  const text = Buffer.from(`${sql}\0`);
  const message = Buffer.alloc(5 + text.length);
  message.write('Q');
  message.writeInt32BE(4 + text.length, 1);
  text.copy(message, 5);
  return message;
}
