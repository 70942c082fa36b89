/** Reads what LTA answered as text, no further than it may go. */
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
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  try {
    for await (const chunk of response.body ?? []) {
      bytes += chunk.byteLength;
      if (bytes > limit) throw tooLarge();
      text += decoder.decode(chunk, { stream: true });
    }
  } catch (error) {
    if (error instanceof LtaError) throw error;
    throw new LtaError('bad_body', "LTA's answer broke off or cannot be unpacked", { httpStatus });
  }
  return text + decoder.decode();
}
