/** Reads what LTA answered as text, no further than it may go. */
import { readBytes, TooManyBytes } from '../http/read-bytes.ts';
import { LtaError } from './lta.ts';

/**
 * The body as text; `limit` counts bytes as they are once unpacked, so that little cannot become much. Throws LtaError: `too_large`, and `bad_body` where the body ends
 * early or cannot be unpacked. Whoever calls ends the connection after an error.
 */
export async function readBody(response: Response, limit: number): Promise<string> {
  const httpStatus = response.status;
  const tooLarge = () => new LtaError('too_large', `LTA answered more than ${limit} bytes`, { httpStatus });
  // Packed or not, what is announced to be too much is too much.
  if (Number(response.headers.get('content-length')) > limit) throw tooLarge();
  try {
    return new TextDecoder().decode(await readBytes(response.body, limit));
  } catch (error) {
    if (error instanceof TooManyBytes) throw tooLarge();
    throw new LtaError('bad_body', "LTA's answer broke off or cannot be unpacked", { httpStatus });
  }
}
