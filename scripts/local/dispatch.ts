/** One port for everything: the host that was asked for says whether a request is for the console or for a branded domain. */
import type { RequestListener, Server } from 'node:http';
import type { Forwarding } from '#shared/http/addresses.ts';
import { splitAddress } from '#shared/links/request.ts';

export interface DispatchOptions {
  /** In lower case, without ports. */
  consoleHosts: ReadonlySet<string>;
  /** A trusted proxy on this machine may well have asked for `localhost` and pass on another name. */
  requestedHost: Forwarding['requestedHost'];
  console: RequestListener;
  /** Absent where `redirects` does not run. */
  redirects: RequestListener | undefined;
  /** Where Google fetches images: on this host (in lower case, without a port) an address of one goes to the console, and nothing else does. */
  images: { host: string; address: RegExp } | undefined;
}

export function createDispatch(options: DispatchOptions): RequestListener {
  const { images } = options;
  return (request, response) => {
    const { url = '' } = request;
    const absolute = url.startsWith('/') ? undefined : splitAddress(url);
    const asked = nameOf(options.requestedHost(request));
    // An absolute target counts more than the Host header (RFC 9112, 3.2.2).
    const host = absolute?.authority === undefined ? asked : nameOf(absolute.authority);
    // A proxy that lets nobody to the console may have judged by the header alone, so that one has to agree.
    if (options.consoleHosts.has(host) && options.consoleHosts.has(asked)) return options.console(request, response);
    const address = absolute
      ? [absolute.path, ...(absolute.query === undefined ? [] : [absolute.query])].join('?')
      : url;
    if (host === images?.host && images.address.test(address)) return options.console(request, response);
    if (options.redirects) return options.redirects(request, response);
    response
      .writeHead(404, { 'Content-Type': 'text/plain; charset=utf-8', 'Cache-Control': 'no-store' })
      .end('redirects does not run here\n');
  };
}

/** Nothing here is a tunnel. Of CONNECT node:http makes no request, and without a listener it closes the connection without a word. */
export function refuseConnect(server: Server): void {
  server.on('connect', (_request, socket) => {
    // Whoever asked may be gone already.
    socket.on('error', () => socket.destroy());
    const head = 'HTTP/1.1 501 Not Implemented\r\nConnection: close\r\nCache-Control: no-store\r\nContent-Length: 0';
    socket.end(`${head}\r\n\r\n`, () => socket.destroy());
  });
}

function nameOf(header: string): string {
  return header.toLowerCase().replace(/:\d*$/, '').replace(/\.$/, '');
}
