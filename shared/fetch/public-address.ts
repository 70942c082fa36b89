/** Which addresses are the public Internet's, and so may be fetched from by whoever can name them. */
import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

/** Names that never mean the same to everybody; 169.254.169.254 has several of them. The address behind a name is checked all the same. */
const INNER_NAMES = /(?:^|\.)(?:localhost|localdomain|local|internal|lan|intranet|home\.arpa|onion)$/;

/** Global unicast (RFC 4291, section 2.4). All else of IPv6 is local, special, or carries an IPv4 address of any kind inside. */
const GLOBAL_IPV6 = ipaddr.IPv6.parseCIDR('2000::/3');

/**
 * Whether an address, as sockets and resolvers write it, belongs to the public Internet: no special-purpose range of IANA's registries, no translation or tunnel (NAT64, 6to4,
 * Teredo) by which an inner address could be reached. A network that reaches IPv4 by NAT64 alone is not served.
 */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address);
  if (family === 0 || address.includes('%')) return false;
  const parsed = ipaddr.parse(address);
  if (parsed.range() !== 'unicast') return false;
  return parsed instanceof ipaddr.IPv4 || parsed.match(GLOBAL_IPV6);
}

/** Whether a name, as URL writes it, is none to ask public resolvers for. */
export function isInnerName(hostname: string): boolean {
  const name = hostname.replace(/\.+$/, '');
  return !name.includes('.') || INNER_NAMES.test(name);
}
