/** Who is at the other end, as far as it can be believed. */
import type { IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';

/** `address/bits`, such as `10.0.0.0/8` or `2001:db8::/32`. */
export function isCidr(text: string): boolean {
  const [network = '', bits = '', ...rest] = text.split('/');
  const most = isIP(network) === 6 ? 128 : 32;
  return rest.length === 0 && isIP(network) !== 0 && /^\d{1,3}$/.test(bits) && Number(bits) <= most;
}

export interface Forwarding {
  /** The address of the client: the right-most one that no trusted proxy wrote for another. */
  clientAddress(request: IncomingMessage): string;
  /** The host the client asked for, as sent: X-Forwarded-Host where a trusted proxy is the peer, else Host. */
  requestedHost(request: IncomingMessage): string;
}

/**
 * Each proxy appends the address it saw to X-Forwarded-For and strips nothing, so entries are believed from the right, and only as far
 * as the addresses that wrote them are trusted. With no trusted proxy the headers are ignored.
 */
export function createForwarding(trustedProxies: readonly string[]): Forwarding {
  const trusted = new BlockList();
  for (const item of trustedProxies) {
    const [network = '', bits] = item.split('/');
    const family = isIP(network) === 6 ? 'ipv6' : 'ipv4';
    if (bits === undefined) trusted.addAddress(network, family);
    else trusted.addSubnet(network, Number(bits), family);
  }
  const isTrusted = (address: string) =>
    trustedProxies.length > 0 && isIP(address) !== 0 && trusted.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
  return {
    clientAddress(request) {
      let address = unmapped(request.socket.remoteAddress ?? '');
      if (!isTrusted(address)) return address;
      for (const entry of listed(request.headers['x-forwarded-for']).reverse()) {
        const seen = unmapped(withoutPort(entry));
        if (isIP(seen) === 0) return address;
        address = seen;
        if (!isTrusted(address)) break;
      }
      return address;
    },
    requestedHost(request) {
      const forwarded = isTrusted(unmapped(request.socket.remoteAddress ?? ''))
        ? listed(request.headers['x-forwarded-host']).at(-1)
        : undefined;
      return forwarded ?? request.headers.host ?? '';
    },
  };
}

/** Whether at most one Host line came; Node keeps the first and drops the others, and RFC 9112 section 3.2 wants such a request refused. */
export function namesOneHost({ rawHeaders }: IncomingMessage): boolean {
  let hosts = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index];
    if (name?.length === 4 && name.toLowerCase() === 'host') hosts++;
  }
  return hosts <= 1;
}

function listed(header: string | string[] | undefined): string[] {
  return [header ?? []]
    .flat()
    .join(',')
    .split(',')
    .flatMap((entry) => entry.trim() || []);
}

/** Some proxies write `192.0.2.1:5555` or `[2001:db8::1]:443`. */
function withoutPort(entry: string): string {
  return /^(?:\[([^\]]+)\]|([^:]+))(?::\d+)?$/.exec(entry)?.slice(1).find(Boolean) ?? entry;
}

/** A dual-stack socket names an IPv4 peer `::ffff:192.0.2.1`. */
function unmapped(address: string): string {
  return address.startsWith('::ffff:') && isIP(address.slice(7)) === 4 ? address.slice(7) : address;
}
