/** What became of a request that got no answer. fetch's errors hold addresses, and some hold headers; only their codes are passed on. */
import { LtaError } from './lta.ts';

/** Codes of a connection that was never made. */
const NEVER_CONNECTED = new Set([
  'EAI_AGAIN',
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'UND_ERR_CONNECT_TIMEOUT',
]);

/** Whether LTA cannot have seen anything of the request. */
export function neverConnected(error: unknown): boolean {
  const cause = causeOf(error);
  // The same code without its syscall may be a connection that fell silent later.
  const timedOut = cause['code'] === 'ETIMEDOUT' && (cause['syscall'] === 'connect' || Array.isArray(cause['errors']));
  return timedOut || NEVER_CONNECTED.has(codeOf(cause));
}

/** Names an error of fetch. */
export function connectionTrouble(error: unknown): LtaError {
  const cause = causeOf(error);
  const code = codeOf(cause);
  if (code === 'UND_ERR_HEADERS_OVERFLOW') return new LtaError('too_large', "The head of LTA's answer is too large");
  if (cause['name'] === 'HTTPParserError') return new LtaError('bad_body', "LTA's answer is not HTTP");
  return new LtaError('unreachable', code ? `LTA cannot be reached (${code})` : 'LTA cannot be reached');
}

function causeOf(error: unknown): Record<string, unknown> {
  return Object((error as { cause?: unknown } | undefined)?.cause) as Record<string, unknown>;
}

function codeOf({ code }: Record<string, unknown>): string {
  return typeof code === 'string' && /^[A-Z0-9_]{1,40}$/.test(code) ? code : '';
}
