/**
 * A gRPC proxy on loopback that refuses one request with ABORTED, as Firestore does under contention and its emulator hardly ever:
 * the server never sees that request. All others are passed on as they are.
 */
import {
  type ClientHttp2Session,
  connect,
  constants,
  createServer,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2';
import { buffer } from 'node:stream/consumers';

export interface AbortingProxy {
  /** host:port. */
  readonly address: string;
  /** The next request whose bytes hold `marker` is refused; `before` runs first. */
  abort(marker: string, before: () => Promise<void>): void;
  /** How many were refused so far. */
  readonly aborted: number;
  close(): Promise<void>;
}

const GRPC_ABORTED = '10';

/** Forwards to `target` (host:port), without TLS. */
export async function createAbortingProxy(target: string): Promise<AbortingProxy> {
  const upstream = connect(`http://${target}`);
  const server = createServer();
  const clients = new Set<{ destroy(): void }>();
  let armed: { marker: string; before: () => Promise<void> } | undefined;
  let aborted = 0;

  server.on('session', (session) => clients.add(session));
  server.on('stream', (stream, headers) => {
    stream.on('error', () => {});
    void buffer(stream).then(async (body) => {
      if (!armed || !body.includes(armed.marker)) return forward(upstream, stream, headers, body);
      const { before } = armed;
      armed = undefined;
      await before();
      aborted++;
      stream.respond(
        { ':status': 200, 'content-type': 'application/grpc', 'grpc-status': GRPC_ABORTED },
        { endStream: true },
      );
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });

  return {
    address: `127.0.0.1:${(server.address() as { port: number }).port}`,
    get aborted() {
      return aborted;
    },
    abort(marker, before) {
      armed = { marker, before };
    },
    async close() {
      for (const client of clients) client.destroy();
      upstream.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function forward(to: ClientHttp2Session, stream: ServerHttp2Stream, headers: IncomingHttpHeaders, body: Buffer): void {
  const request = to.request({ ...headers, [constants.HTTP2_HEADER_AUTHORITY]: headers[':authority'] });
  let trailers: IncomingHttpHeaders = {};
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
  request.end(body);
}
