/** Names an error of fetch. */
import { codeOf, notHttp } from '../http/failed-fetch.ts';
import { LtaError } from './lta.ts';

export function connectionTrouble(error: unknown): LtaError {
  const code = codeOf(error);
  if (code === 'UND_ERR_HEADERS_OVERFLOW') return new LtaError('too_large', "The head of LTA's answer is too large");
  if (notHttp(error)) return new LtaError('bad_body', "LTA's answer is not HTTP");
  return new LtaError('unreachable', code ? `LTA cannot be reached (${code})` : 'LTA cannot be reached');
}
