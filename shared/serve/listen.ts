/** Listening and letting go of an HTTP server, with errors a person can act on. */
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';

/** A reason not to start, told in one line; nothing went wrong in the code. */
export class StartError extends Error {
  override readonly name = 'StartError';
}

const REASONS: Record<string, (host: string, port: number) => string> = {
  EADDRINUSE: (host, port) =>
    `port ${port} on ${host} is in use by another program; set PORT to a free one (0 takes any)`,
  EACCES: (_host, port) => `port ${port} is not allowed for this user; set PORT to one above 1023`,
  EADDRNOTAVAIL: (host) => `this machine has no address ${host}; set HAWKER_HOST to one it has`,
  ENOTFOUND: (host) => `the name ${host} in HAWKER_HOST cannot be resolved`,
};

/** Resolves with the port once the server listens. Throws StartError where it cannot. */
export async function listen(server: Server, host: string | undefined, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const reason =
        REASONS[error.code ?? '']?.(host ?? 'all addresses', port) ?? `cannot listen on port ${port}: ${error.message}`;
      reject(new StartError(reason, { cause: error }));
    });
    server.listen({ port, ...(host !== undefined && { host }) }, resolve);
  });
  server.on('clientError', refuseMalformed);
  return (server.address() as AddressInfo).port;
}

/** How long a busy keep-alive connection has to send its next request, whose answer then tells it to close. */
const NOTICE_MS = 100;

/**
 * Takes no more connections and resolves when the requests under way have ended, or after `withinMs`, when they are cut off.
 * Answers carry `Connection: close` from now on, a moment before connections between two requests are closed: a client that is sending
 * its next one would find it lost. Answers whether all ended in time.
 */
export async function drainServer(server: Server, withinMs: number): Promise<boolean> {
  server.prependListener('request', (_request, response) => {
    response.setHeader('Connection', 'close');
  });
  await sleep(Math.min(NOTICE_MS, withinMs));
  const closed = new Promise<true>((resolve) => {
    server.close(() => resolve(true));
  });
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(resolve, Math.max(0, withinMs - NOTICE_MS), false);
  });
  const sweep = setInterval(() => server.closeIdleConnections(), 50);
  const inTime = await Promise.race([closed, late]);
  clearTimeout(timer);
  clearInterval(sweep);
  if (!inTime) server.closeAllConnections();
  return inTime;
}

const MALFORMED: Record<string, string> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
};

/** What Node's parser does not take never becomes a request. Its own answer says nothing of caches, which may then keep it. */
function refuseMalformed(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const status = MALFORMED[error.code ?? ''] ?? '400 Bad Request';
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nCache-Control: no-store\r\nContent-Length: 0\r\n\r\n`);
}
