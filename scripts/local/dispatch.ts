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
}

export function createDispatch(options: DispatchOptions): RequestListener {
  return (request, response) => {
    if (isConsoleHost(options.requestedHost(request), options.consoleHosts)) return options.console(request, response);
    if (options.redirects) return options.redirects(request, response);
    response
      .writeHead(404, { 'Content-Type': 'text/plain; charset=utf-8', 'Cache-Control': 'no-store' })
      .end('redirects does not run here\n');
  };
}

function isConsoleHost(header: string, consoleHosts: ReadonlySet<string>): boolean {
  const host = header.toLowerCase().replace(/:\d*$/, '').replace(/\.$/, '');
  return consoleHosts.has(host);
}
