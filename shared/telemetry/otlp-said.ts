/** What a collector says beside its status, as far as people want to know it: https://opentelemetry.io/docs/specs/otlp/#otlphttp-response */
import type { Answer } from '../google/ask.ts';
import { redactWithin } from './redact.ts';

/** One line of a log. */
const LONGEST = 120;
/** A secret is looked for in more than is told, since half of one is not known for one. */
const READ = 2_000;

/**
 * The content type of an answer of 2xx that no collector gives, such as a login page's; undefined where it may be one's. Collectors answer in protobuf or in JSON, and
 * some say nothing at all.
 */
export function strangeType({ headers, bytes }: Answer): string | undefined {
  const type = headers.get('content-type') ?? '';
  if (type === '' || /protobuf|json/i.test(type)) return undefined;
  // What broke off or was too long to be read was not empty.
  const empty = bytes.byteLength === 0 && !(Number(headers.get('content-length')) > 0);
  return empty ? undefined : cleaned(type.split(';', 1)[0] ?? '');
}

/** Why it refuses, in one line; '' where it does not say. */
export function saidOf({ headers, bytes }: Answer): string {
  const type = headers.get('content-type') ?? '';
  if (/protobuf/i.test(type)) return cleaned(messageOfStatus(bytes));
  if (type !== '' && !/^text\/|json|xml/i.test(type)) return '';
  const text = new TextDecoder().decode(bytes.subarray(0, 4 * READ));
  return cleaned((/json/i.test(type) ? messageOfJson(bytes) : undefined) ?? text);
}

/** Its first line that says something. */
function cleaned(text: string): string {
  const line = text
    .slice(0, 2 * READ)
    .split(/[\r\n]+/)
    .map((each) => each.replace(/[\p{C}\p{Z}]+/gu, ' ').trim())
    .find((each) => each !== '');
  const told = redactWithin(line ?? '', READ);
  return told.length > LONGEST ? `${told.slice(0, LONGEST - 3).trimEnd()}...` : told;
}

/** A Status as JSON, which is the form of collectors that are sent JSON, and of those that do not look. */
function messageOfJson(bytes: Uint8Array): string | undefined {
  try {
    const { message } = Object(JSON.parse(new TextDecoder().decode(bytes))) as { message?: unknown };
    return typeof message === 'string' ? message : undefined;
  } catch {
    return undefined;
  }
}

/**
 * `message`, field 2, of a google.rpc.Status: https://github.com/googleapis/googleapis/blob/master/google/rpc/status.proto. Read by hand, since this is all that is wanted
 * of it; '' for what is none.
 */
function messageOfStatus(bytes: Uint8Array): string {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; at < bytes.length; scale *= 128) {
      const byte = bytes[at++] ?? 0;
      value += (byte & 127) * scale;
      if (byte < 128) break;
    }
    return value;
  };
  while (at < bytes.length) {
    const tag = varint();
    const wire = tag & 7;
    if (wire === 0) varint();
    else if (wire === 2) {
      const length = varint();
      if (tag >> 3 === 2) return new TextDecoder().decode(bytes.subarray(at, at + length));
      at += length;
    } else return '';
  }
  return '';
}
