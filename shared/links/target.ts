/**
 * Which addresses a link may lead to. What is judged is the parsed address, since a parser sees through spellings that a pattern does not
 * (`http://0x7f000001` is 127.0.0.1), and the raw text only for what parsers drop silently: tab, CR and LF.
 */
import { BlockList, isIP } from 'node:net';
import { AppError } from '../errors.ts';

/** Bytes of the serialised address. */
export const MAX_TARGET_BYTES = 8_192;

const CONTROL = /\p{Cc}/u;
const INNER_NAMES = /(?:^|\.)(?:localhost|localdomain|local|internal|home\.arpa)$|^metadata$/;

/**
 * Addresses that are not the public Internet's (IANA special-purpose registries), or that carry an IPv4 address of any kind inside.
 * One list for each family: a list with ::ffff:0:0/96 in it holds every IPv4 address.
 */
const notPublic = { 4: new BlockList(), 6: new BlockList() };
for (const range of [
  '0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.168.0.0/16 198.18.0.0/15',
  '224.0.0.0/4 240.0.0.0/4 ::/96 ::ffff:0:0/96 ::ffff:0:0:0/96 64:ff9b::/96 64:ff9b:1::/48 100::/64 2001::/32 2002::/16 fc00::/7 fe80::/10',
  'fec0::/10 ff00::/8',
].flatMap((line) => line.split(' '))) {
  const [network = '', bits] = range.split('/');
  if (network.includes(':')) notPublic[6].addSubnet(network, Number(bits), 'ipv6');
  else notPublic[4].addSubnet(network, Number(bits), 'ipv4');
}

/**
 * Answers the target as it is stored and sent: serialised, in ASCII, the bytes of path and query as they were given wherever a URL
 * allows them. Throws AppError `target_refused` with the reason. `isServed` tells of hosts served here, for which a `*.localhost` name is
 * let through: where those lead is the loop check's to judge.
 */
export function checkTarget(text: string, isServed: (host: string) => boolean = () => false): string {
  if (Buffer.byteLength(text) > MAX_TARGET_BYTES) throw refused(`is longer than ${MAX_TARGET_BYTES} bytes`);
  if (CONTROL.test(text)) throw refused('holds a control character');
  if (!text.isWellFormed()) throw refused('is not well-formed Unicode');
  const url = URL.parse(text);
  if (!url) throw refused('is not an absolute address such as https://example.com/page');
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw refused(`has the scheme ${url.protocol} where only http: and https: are allowed`);
  if (!/^\s*https?:\/\//i.test(text)) throw refused('does not start with http:// or https://');
  // An empty `user@` parses to no userinfo at all, so the text is asked too.
  if (url.username || url.password || /^[^/]*\/\/[^/?#\\]*@/.test(text)) throw refused('names a user before the host');
  const host = url.hostname.replace(/\.+$/, '');
  if (host === '') throw refused('has no host');
  const address = host.replace(/^\[|\]$/g, '');
  const family = isIP(address);
  if ((family === 4 && notPublic[4].check(address)) || (family === 6 && notPublic[6].check(address, 'ipv6')))
    throw refused(`leads to ${address}, which is not a public address`);
  if (INNER_NAMES.test(host) && !(host.endsWith('.localhost') && isServed(host)))
    throw refused(`leads to ${host}, which is not a public name`);
  if (url.href.length > MAX_TARGET_BYTES) throw refused(`is longer than ${MAX_TARGET_BYTES} bytes`);
  return url.href;
}

function refused(reason: string): AppError {
  return new AppError('target_refused', `the target ${reason}`);
}
