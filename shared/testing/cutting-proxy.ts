/**
 * A TCP proxy for HTTP/2 on loopback that loses one answer: it lets a request through, waits until the server has begun to answer it, and
 * then breaks the connection instead of passing the answer on. By then the server has done what was asked; the client cannot know.
 *
 * It knows just enough of HTTP/2 (RFC 9113, section 4.1) to tell an answer, a HEADERS or DATA frame, from a window update or an acknowledgement.
 */
import { connect, createServer, type Socket } from 'node:net';

export interface CuttingProxy {
  /** host:port. */
  readonly address: string;
  /** How often it has broken a connection. */
  readonly cuts: number;
  /**
   * The next request whose bytes hold `marker` goes through, and its answer is lost. `meanwhile` runs when the server has answered and the
   * client has not heard yet. Other requests must not be under way.
   */
  loseAnswer(marker: string, meanwhile?: () => Promise<void>): void;
  /** The next request whose bytes hold `marker` is lost before the server sees all of it. */
  loseRequest(marker: string): void;
  /** From the next request with `marker` on, no answer comes through any connection, and none breaks. */
  stall(marker: string): void;
  close(): Promise<void>;
}

type Plan = 'lose answer' | 'lose request' | 'stall';

const DATA = 0;
const HEADERS = 1;

/** Forwards to `target` (host:port) until told otherwise. */
export async function createCuttingProxy(target: string): Promise<CuttingProxy> {
  const { hostname, port } = new URL(`http://${target}`);
  const sockets = new Set<Socket>();
  let armed: { plan: Plan; marker: Buffer; meanwhile?: () => Promise<void> } | undefined;
  let stalled = false;
  let cuts = 0;

  const server = createServer((client) => {
    const upstream = connect(Number(port), hostname);
    const answers = createFrameReader();
    let awaited: { meanwhile?: () => Promise<void> } | undefined;
    let seen = Buffer.alloc(0);

    const cut = () => {
      cuts++;
      client.resetAndDestroy();
      upstream.destroy();
    };

    client.on('data', (chunk) => {
      // A marker may be split between two chunks.
      seen = Buffer.concat([seen.subarray(-256), chunk]);
      if (armed && seen.includes(armed.marker)) {
        const { plan, meanwhile } = armed;
        armed = undefined;
        if (plan === 'lose request') return cut();
        if (plan === 'stall') stalled = true;
        else awaited = meanwhile ? { meanwhile } : {};
      }
      upstream.write(chunk);
    });
    upstream.on('data', (chunk) => {
      const types = answers(chunk);
      if (stalled) return;
      if (awaited && (types.includes(HEADERS) || types.includes(DATA))) {
        stalled = true;
        const work = awaited.meanwhile?.() ?? Promise.resolve();
        void work.finally(() => {
          stalled = false;
          cut();
        });
        return;
      }
      client.write(chunk);
    });
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        sockets.delete(socket);
        other.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });

  const arm = (plan: Plan, marker: string, meanwhile?: () => Promise<void>) => {
    armed = { plan, marker: Buffer.from(marker), ...(meanwhile && { meanwhile }) };
  };
  return {
    address: `127.0.0.1:${(server.address() as { port: number }).port}`,
    get cuts() {
      return cuts;
    },
    loseAnswer: (marker, meanwhile) => arm('lose answer', marker, meanwhile),
    loseRequest: (marker) => arm('lose request', marker),
    stall: (marker) => arm('stall', marker),
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Answers the types of the frames that begin in each chunk of one direction of a connection. */
function createFrameReader(): (chunk: Buffer) => number[] {
  let pending = Buffer.alloc(0);
  let skip = 0;
  return (chunk) => {
    pending = Buffer.concat([pending, chunk]);
    const types: number[] = [];
    for (;;) {
      const skipped = Math.min(skip, pending.length);
      pending = pending.subarray(skipped);
      skip -= skipped;
      if (pending.length < 9) return types;
      types.push(pending.readUInt8(3));
      skip = 9 + pending.readUIntBE(0, 3);
    }
  };
}
