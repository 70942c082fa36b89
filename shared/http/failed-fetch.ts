/** What became of a `fetch` that got no answer. Its errors hold addresses, and some hold headers; only their codes are passed on. */

/** Codes of a connection that was never made. */
const NEVER_CONNECTED = new Set([
  'EAI_AGAIN',
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'UND_ERR_CONNECT_TIMEOUT',
]);

/** Whether the other side cannot have seen anything of the request. */
export function neverConnected(error: unknown): boolean {
  const { code, syscall, errors } = causeOf(error);
  // The same code without its syscall may be a connection that fell silent later.
  const timedOut = code === 'ETIMEDOUT' && (syscall === 'connect' || Array.isArray(errors));
  return timedOut || NEVER_CONNECTED.has(codeOf(error));
}

/** Such as ECONNREFUSED; '' where there is none. */
export function codeOf(error: unknown): string {
  const { code } = causeOf(error);
  return typeof code === 'string' && /^[A-Z0-9_]{1,40}$/.test(code) ? code : '';
}

/** Whether fetch asks nobody at such a port: https://fetch.spec.whatwg.org/#port-blocking */
export function isBadPort(error: unknown): boolean {
  return causeOf(error).message === 'bad port';
}

/** Whether what came is not HTTP. */
export function notHttp(error: unknown): boolean {
  return causeOf(error).name === 'HTTPParserError';
}

interface Cause {
  name?: unknown;
  message?: unknown;
  code?: unknown;
  syscall?: unknown;
  errors?: unknown;
}

function causeOf(error: unknown): Cause {
  return Object((error as { cause?: unknown } | null | undefined)?.cause) as Cause;
}
