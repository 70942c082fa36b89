/** Host names as keys: one spelling for each, whether it came in a Host header or was typed by a person. */
import { domainToASCII } from 'node:url';

const LABEL = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?';
const HOST_NAME = new RegExp(`^(?:${LABEL}\\.)*${LABEL}$`);
/** A last label that is a number makes the whole an IPv4 address (WHATWG URL, "ends in a number"), never a name. */
const ENDS_IN_NUMBER = /(?:^|\.)(?:\d+|0x[0-9a-f]*)$/;
const NOT_ASCII = /[^\p{ASCII}]/u;

/**
 * The host in A-labels and lower case, without port and without one trailing dot; undefined for what cannot be a branded domain:
 * IP addresses, labels over 63 or names over 253 characters, and rubbish.
 */
export function normaliseHost(raw: string): string | undefined {
  if (raw.length > 1_000) return undefined;
  let host = raw.toLowerCase();
  const colon = host.indexOf(':');
  if (colon >= 0) {
    if (!/^\d*$/.test(host.slice(colon + 1))) return undefined;
    host = host.slice(0, colon);
  }
  if (NOT_ASCII.test(host) || host.includes('xn--')) host = domainToASCII(host);
  if (host.endsWith('.')) host = host.slice(0, -1);
  return host.length <= 253 && HOST_NAME.test(host) && !ENDS_IN_NUMBER.test(host) ? host : undefined;
}
