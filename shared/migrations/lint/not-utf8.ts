/** Where bytes stop to be UTF-8. */
import type { Raised } from './finding.ts';

const REPLACED = '\ufffd';

/** The text with U+FFFD for what cannot be read, and the place of the first such byte in it. */
export function notUtf8(bytes: Buffer): { text: string; at: Raised } {
  const whole = bytes.toString('utf8');
  let offset = whole.indexOf(REPLACED);
  let place = Buffer.byteLength(whole.slice(0, offset));
  // The character may be in the file itself.
  while (bytes.toString('latin1', place, place + 3) === '\xef\xbf\xbd') {
    const next = whole.indexOf(REPLACED, offset + 1);
    place += Buffer.byteLength(whole.slice(offset, next));
    offset = next;
  }
  const text = whole.replace(/^\ufeff/, '');
  const shown = `0x${(bytes[place] ?? 0).toString(16).padStart(2, '0')}`;
  const message = `the byte ${shown} is not UTF-8, and no command takes a folder with such a file`;
  return { text, at: { rule: 'not-utf8', offset: offset - (whole.length - text.length), message } };
}
