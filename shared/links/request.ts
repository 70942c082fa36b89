/** A request's target (RFC 9112, 3.2) in its parts, as plain ASCII. */
export interface RequestAddress {
  /** Starts with `/`. */
  path: string;
  /** Without its `?`; undefined where there is none. */
  query: string | undefined;
  /** Where the target was an absolute address, the authority in it: it counts more than the Host header. */
  authority?: string;
}

/** Visible ASCII without `#` and `\`: neither belongs into a request's target, and clients disagree about what they mean there. */
const PLAIN = /^\/[!-"$-[\]-~]*$/;
const ABSOLUTE = /^https?:\/\/([^/?#]*)/i;

/**
 * Splits without decoding. Text beyond ASCII, which only people write and Node's parser refuses, becomes percent-encoded UTF-8.
 * Undefined for what no browser sends: a backslash, `#`, space or control character, or neither a path nor an http address.
 */
export function splitAddress(url: string): RequestAddress | undefined {
  const absolute = url.startsWith('/') ? null : ABSOLUTE.exec(url);
  if (!url.startsWith('/') && !absolute) return undefined;
  let address = absolute ? url.slice(absolute[0].length) : url;
  if (!address.startsWith('/')) address = `/${address}`;
  if (!address.isWellFormed()) return undefined;
  address = address.replaceAll(/[^\p{ASCII}]+/gu, encodeURIComponent);
  if (!PLAIN.test(address)) return undefined;
  const mark = address.indexOf('?');
  return {
    path: mark < 0 ? address : address.slice(0, mark),
    query: mark < 0 ? undefined : address.slice(mark + 1),
    ...(absolute && { authority: absolute[1] ?? '' }),
  };
}
