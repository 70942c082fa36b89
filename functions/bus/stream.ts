/** The live board of a stop as server-sent events. What they are, and how one loop serves all, hub.ts tells. */
import { AppError } from '#shared/errors.ts';
import type { Api } from '#shared/http/api.ts';
import { gauge } from '#shared/telemetry/metrics.ts';
import { rowsOf } from './arrivals.ts';
import type { Context } from './context.ts';
import { createHub, eventOf } from './hub.ts';
import { unlessHungUp } from './hung-up.ts';
import { stopPath, streamQuery } from './schema.ts';

/** The row's timeout in the manifest, after which the platform would cut a stream in the middle. A test holds the two together. */
export const PLATFORM_LIMIT_MS = 300_000;
/** How long before that a stream ends by itself. */
const END_EARLY_MS = 15_000;
/** Streams that began together end within this time of one another, so that they do not all come back at once. */
const SPREAD_MS = 60_000;
/** A listener that reads so slowly that more than this waits for it is let go. */
const MOST_WAITING_BYTES = 256 * 1024;
const MOST_STREAMS = 1_000;

const HEADERS = { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store', 'X-Accel-Buffering': 'no' };
const RETRY = new TextEncoder().encode('retry: 3000\n\n');

export interface Streams {
  /** Tells every client that it ends, and refuses new ones. */
  end(): void;
  /** How many are open. */
  readonly count: number;
}

export function streamRoutes(api: Api, context: Context): Streams {
  const { clock, ids } = context;
  const hub = createHub(context);
  const open = new Set<(reason: string) => void>();
  let joining = 0;
  let ending = false;
  const unmeasured = gauge('hawker.bus.watchers', () => [{ labels: {}, value: open.size }]);

  api.route(
    {
      method: 'get',
      path: '/v2/stops/:code/stream',
      operationId: 'streamArrivals',
      summary: 'The board of a stop, and what changes, as server-sent events',
      about:
        '`reset` has the whole board. `update` has `meta`, the `changed` rows whole, the ids of those `removed`, and where rows came or went the `order` of all ids. `trouble` has `code`, `detail` and `retryAfter` in seconds or null: the stream goes on. `end` has the `reason`; connect again. Count minutes by `eta` and `meta.now`: the passing of time alone is not told, and `status` follows it within 20 seconds. A reader that comes back with `Last-Event-ID` gets what has changed since.',
      role: 'anyone',
      params: stopPath,
      query: streamQuery,
      answers: { 200: { about: 'Events, until a few minutes have passed', type: 'text/event-stream' } },
      problems: ['not_found', 'not_configured'],
    },
    async ({ params: { code }, query: { service, lastEventId }, c }) =>
      unlessHungUp(c.req.raw.signal, async (signal) => {
        if (ending || open.size + joining >= MOST_STREAMS)
          throw new AppError('unavailable', ending ? 'The process is about to end' : 'Too many streams are open here', {
            headers: { 'Retry-After': '10' },
          });
        if (service !== undefined) await requireService(code, service, signal);
        if (c.req.method === 'HEAD') {
          if (service === undefined) await context.boards.read(code, signal);
          return new Response(null, { headers: HEADERS });
        }
        const lastId = c.req.header('Last-Event-ID') ?? lastEventId;
        joining++;
        try {
          return await stream(code, { ...(service !== undefined && { service }), ...(lastId && { lastId }) }, signal);
        } finally {
          joining--;
        }
      }),
  );

  /** Throws `not_found` as the arrivals do. While the board cannot be read, nobody is refused for it. */
  async function requireService(code: string, service: string, signal: AbortSignal): Promise<void> {
    const { lists, boards } = context;
    const board = await boards.read(code, signal).catch((error: unknown) => {
      if (!signal.aborted && error instanceof AppError && error.code === 'unavailable') return undefined;
      throw error;
    });
    if (board) await rowsOf({ lists }, board, service);
  }

  async function stream(
    code: string,
    wanted: { service?: string; lastId?: string },
    signal: AbortSignal,
  ): Promise<Response> {
    const over = new AbortController();
    let leave: (() => void) | undefined;
    let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
    const forget = () => {
      over.abort();
      open.delete(end);
      leave?.();
    };
    const end = (reason: string) => {
      if (over.signal.aborted) return;
      controller?.enqueue(eventOf('end', { reason }));
      controller?.close();
      forget();
    };
    const body = new ReadableStream<Uint8Array>(
      {
        start(made) {
          controller = made;
          made.enqueue(RETRY);
        },
        cancel: forget,
      },
      new ByteLengthQueuingStrategy({ highWaterMark: MOST_WAITING_BYTES }),
    );
    const send = (bytes: Uint8Array) => {
      if (over.signal.aborted || !controller) return;
      if ((controller.desiredSize ?? 0) >= bytes.length) return controller.enqueue(bytes);
      // An error breaks the connection; closing would wait until the client has read what waits. Without a stack, since the server prints it.
      controller.error(Object.assign(new Error('A client reads its stream too slowly and is let go'), { stack: '' }));
      forget();
    };
    leave = await hub.join(code, { ...wanted, send }, signal);
    if (ending) end('restart');
    if (over.signal.aborted || signal.aborted) {
      forget();
      signal.throwIfAborted();
    } else {
      open.add(end);
      const lifeMs = PLATFORM_LIMIT_MS - END_EARLY_MS - ids.random() * SPREAD_MS;
      clock.sleep(lifeMs, over.signal).then(
        () => end('time'),
        () => undefined,
      );
    }
    return new Response(body, { headers: HEADERS });
  }

  return {
    end() {
      ending = true;
      for (const close of [...open]) close('restart');
      unmeasured();
    },
    get count() {
      return open.size;
    },
  };
}
