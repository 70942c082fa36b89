/**
 * The console as it changes, as server-sent events: one loop for all who look, and none while nobody does.
 *
 * Once a second the loop reads the overview and sends the HTML of those panels whose data has changed since; whoever comes gets all of them first. Every ten seconds something is
 * sent in any case, so that a browser can tell silence from a broken connection, and whether each key is still good is asked again.
 */
import type { Clock } from '#shared/clock.ts';
import { AppError } from '#shared/errors.ts';
import type { Log } from '#shared/log.ts';
import type { OverviewReader } from './overview.ts';
import { fingerprints, render } from './panels.ts';

export interface Streams {
  /** `stillGood` throws once whoever looks may not any more. Throws `unavailable` where too many look, or the process is about to end. */
  open(looker: Looker): Response;
  /** Ends all, and refuses new ones. */
  end(): void;
  readonly count: number;
}

export interface Looker {
  /** Of the page in the browser, without a trailing slash: `http://localhost:8080`. */
  address: string;
  stillGood(): Promise<void>;
}

export interface StreamsOptions {
  overview: OverviewReader;
  clock: Clock;
  log: Log;
  /** Runs what goes on after the request that began it, so that it is not taken for a part of it. */
  outside: <T>(work: () => T) => T;
}

interface Stream extends Looker {
  controller: ReadableStreamDefaultController<Uint8Array>;
  /** What it has been sent, by panel. */
  sent: Map<string, string>;
}

const TICK_MS = 1_000;
const TICKS_PER_BEAT = 10;
const MOST_STREAMS = 20;
/** A browser that reads so slowly that more than this waits for it is let go, and comes again. */
const MOST_WAITING_BYTES = 512 * 1024;
const HEADERS = { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store', 'X-Accel-Buffering': 'no' };
const RETRY = 'retry: 3000\n\n';

export function createStreams({ overview, clock, log, outside }: StreamsOptions): Streams {
  const open = new Set<Stream>();
  /** Of the loop, while there is one. */
  let going: AbortController | undefined;
  let ending = false;

  const forget = (stream: Stream) => {
    open.delete(stream);
    if (open.size > 0) return;
    going?.abort();
    going = undefined;
  };
  const send = (stream: Stream, text: string) => {
    if (!open.has(stream)) return;
    const bytes = new TextEncoder().encode(text);
    if ((stream.controller.desiredSize ?? 0) >= bytes.length) return stream.controller.enqueue(bytes);
    // An error breaks the connection; closing would wait until what waits was read. Without a stack, since the server prints it.
    const slow = new Error('A browser reads its stream too slowly and is let go');
    stream.controller.error(Object.assign(slow, { stack: '' }));
    forget(stream);
  };
  const close = (stream: Stream) => {
    if (!open.has(stream)) return;
    stream.controller.close();
    forget(stream);
  };

  /** Sends each of them what it does not have yet. */
  const tell = async (streams: readonly Stream[]) => {
    const seen = overview.now();
    const now = fingerprints(seen);
    for (const stream of streams) {
      const changed = [...now].filter(([id, data]) => stream.sent.get(id) !== data);
      if (changed.length === 0) continue;
      for (const [id, data] of changed) stream.sent.set(id, data);
      const panels = await render(
        seen,
        stream.address,
        changed.map(([id]) => id),
      );
      send(stream, eventOf('panels', { now: seen.now, panels }));
    }
  };

  const beat = () => {
    const now = new Date(clock.now()).toISOString();
    for (const stream of [...open]) {
      send(stream, eventOf('beat', { now }));
      stream.stillGood().catch((error: unknown) => {
        // While the store is away nobody can say that the key is bad.
        if (!(error instanceof AppError) || error.status >= 500) return;
        send(stream, eventOf('signed-out', { now }));
        close(stream);
      });
    }
  };

  const broken = (error: unknown) => {
    log.error('the console cannot be kept up to date', { error });
    for (const stream of [...open]) close(stream);
  };

  const loop = async (signal: AbortSignal) => {
    for (let tick = 1; ; tick++) {
      // Rejects when nobody looks any more.
      await clock.sleep(TICK_MS, signal);
      await tell([...open]);
      if (tick % TICKS_PER_BEAT === 0) beat();
    }
  };

  const watch = (stream: Stream) => {
    tell([stream]).catch(broken);
    if (going) return;
    going = new AbortController();
    const { signal } = going;
    outside(() => loop(signal)).catch((error: unknown) => signal.aborted || broken(error));
  };

  return {
    open(looker) {
      if (ending || open.size >= MOST_STREAMS)
        throw new AppError('unavailable', ending ? 'The process is about to end' : 'Too many look at the console', {
          headers: { 'Retry-After': '10' },
        });
      let stream: Stream | undefined;
      const body = new ReadableStream<Uint8Array>(
        {
          start(controller) {
            stream = { ...looker, controller, sent: new Map() };
            open.add(stream);
            send(stream, RETRY);
          },
          cancel() {
            if (stream) forget(stream);
          },
        },
        new ByteLengthQueuingStrategy({ highWaterMark: MOST_WAITING_BYTES }),
      );
      if (stream) watch(stream);
      return new Response(body, { headers: HEADERS });
    },
    end() {
      ending = true;
      for (const stream of [...open]) close(stream);
    },
    get count() {
      return open.size;
    },
  };
}

function eventOf(name: string, data: object): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}
