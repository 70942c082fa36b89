/** A gRPC relay on loopback that counts calls by the name of their method and changes nothing. */
import { once } from 'node:events';
import {
  type ClientHttp2Session,
  connect,
  constants,
  createServer,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2';
import type { AddressInfo } from 'node:net';

export interface CallCounter extends AsyncDisposable {
  /** host:port. */
  address: string;
  /** `Commit 2, ...` since it was last asked; in the order of the first of each. */
  taken(): string;
}

/** Relays to `target` (host:port), without TLS. */
export async function createCallCounter(target: string): Promise<CallCounter> {
  const upstream = connect(`http://${target}`);
  const clients = new Set<{ destroy(): void }>();
  let calls = new Map<string, number>();
  const server = createServer();
  server.on('session', (session) => clients.add(session));
  server.on('stream', (stream, headers) => {
    const method = String(headers[':path']).split('/').at(-1) ?? '';
    calls.set(method, (calls.get(method) ?? 0) + 1);
    relay(upstream, stream, headers);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    taken() {
      const told = [...calls].map(([method, count]) => `${method} ${count}`).join(', ');
      calls = new Map();
      return told;
    },
    async [Symbol.asyncDispose]() {
      for (const client of clients) client.destroy();
      upstream.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

function relay(upstream: ClientHttp2Session, stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
  const request = upstream.request({ ...headers, [constants.HTTP2_HEADER_AUTHORITY]: headers[':authority'] });
  let trailers: IncomingHttpHeaders = {};
  stream.on('error', () => request.close());
  request.on('error', () => stream.close(constants.NGHTTP2_INTERNAL_ERROR));
  request.on('trailers', (received) => {
    trailers = received;
  });
  request.on('response', (answer, flags) => {
    const endStream = (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0;
    stream.respond(answer, { endStream, waitForTrailers: !endStream });
    stream.on('wantTrailers', () => stream.sendTrailers(trailers));
    request.pipe(stream);
  });
  stream.pipe(request);
}
