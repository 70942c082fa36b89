/** One port for everything: the host that was asked for says whether a request is for the console or for a branded domain. */
import type { RequestListener } from 'node:http';
import type { Forwarding } from '#shared/http/addresses.ts';

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
    const host = nameOf(options.requestedHost(request));
    if (options.consoleHosts.has(host)) return options.console(request, response);
    if (host === images?.host && images.address.test(request.url ?? '')) return options.console(request, response);
    if (options.redirects) return options.redirects(request, response);
    response
      .writeHead(404, { 'Content-Type': 'text/plain; charset=utf-8', 'Cache-Control': 'no-store' })
      .end('redirects does not run here\n');
  };
}

function nameOf(header: string): string {
  return header.toLowerCase().replace(/:\d*$/, '').replace(/\.$/, '');
}
