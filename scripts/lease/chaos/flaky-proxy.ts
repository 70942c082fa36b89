/**
 * A TCP proxy on loopback that is as bad as a network can be: it loses requests, it loses answers to requests that went through, it stalls
 * everything, it delivers requests late, it refuses connections. It understands nothing of what it carries, so it does for HTTP/2 and TLS alike.
 */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

export type Trouble =
  /** What the server says is withheld, then the connections break: the server has done what it was asked, and nobody hears of it. */
  | 'lose answers'
  /** What the client says is withheld, then the connections break. */
  | 'lose requests'
  /** Nothing comes through in either direction, then everything at once. */
  | 'stall'
  /** Requests arrive late: after the time, though their senders may have given them up. */
  | 'delay requests'
  /** All connections break, and new ones are refused for the time. */
  | 'drop';

export const TROUBLES: readonly Trouble[] = ['lose answers', 'lose requests', 'stall', 'delay requests', 'drop'];

export interface FlakyProxy {
  /** host:port. */
  readonly address: string;
  /** Where the server is from now on; connections to where it was break by themselves. */
  moveTo(target: string): void;
  /** Makes this trouble for so long; one at a time, another meanwhile is ignored. Answers at its end how many connections suffered from it. */
  trouble(kind: Trouble, ms: number): Promise<number>;
  close(): Promise<void>;
}

interface Connection {
  client: Socket;
  upstream: Socket;
  requests: Buffer[];
  answers: Buffer[];
}

export async function openFlakyProxy(target: string): Promise<FlakyProxy> {
  const connections = new Set<Connection>();
  let to = new URL(`http://${target}`);
  let now: Trouble | undefined;
  let end: (() => void) | undefined;
  let suffered = 0;

  const server = createServer((client) => {
    const upstream = connect(Number(to.port), to.hostname);
    const connection: Connection = { client, upstream, requests: [], answers: [] };
    connections.add(connection);
    for (const socket of [client, upstream]) {
      socket.on('error', () => {});
      socket.on('close', () => {
        connections.delete(connection);
        client.destroy();
        upstream.destroy();
      });
    }
    if (now === 'drop') {
      suffered++;
      client.resetAndDestroy();
      return;
    }
    client.on('data', (chunk) => {
      if (now && now !== 'lose answers') connection.requests.push(chunk);
      else upstream.write(chunk);
    });
    upstream.on('data', (chunk) => {
      if (now && now !== 'lose requests' && now !== 'delay requests') connection.answers.push(chunk);
      else client.write(chunk);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  const settle = (kind: Trouble) => {
    for (const { client, upstream, requests, answers } of [...connections]) {
      const hit = requests.length + answers.length > 0;
      if (hit) suffered++;
      if (hit && kind.startsWith('lose')) {
        client.resetAndDestroy();
        upstream.destroy();
        continue;
      }
      for (const chunk of requests.splice(0)) upstream.write(chunk);
      for (const chunk of answers.splice(0)) client.write(chunk);
    }
  };

  return {
    address: `127.0.0.1:${(server.address() as { port: number }).port}`,
    moveTo(next) {
      to = new URL(`http://${next}`);
    },
    async trouble(kind, ms) {
      if (now) return 0;
      now = kind;
      suffered = 0;
      if (kind === 'drop')
        for (const { client } of [...connections]) {
          suffered++;
          client.resetAndDestroy();
        }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms);
        end = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      now = undefined;
      end = undefined;
      settle(kind);
      return suffered;
    },
    async close() {
      end?.();
      const closed = once(server, 'close');
      server.close();
      for (const { client } of [...connections]) client.destroy();
      await closed;
    },
  };
}
