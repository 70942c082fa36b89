/**
 * What may be in a line: plain values, redacted and bounded, whatever was handed to the log. Nothing here throws: a line that breaks would take the work with it that it
 * tells of.
 */
import { errorText } from './error-text.ts';
import { isSecretName, REDACTED, redact, redactWithin } from './redact.ts';

const MOST_DEPTH = 6;
/** Of an object or a list. */
const MOST_ENTRIES = 100;
const MOST_TEXT = 16_000;
const MOST_NAME = 200;
/** Names that were looked at: a line's are the same few all the time. */
const MOST_KNOWN_NAMES = 1_000;

/** How many characters a line may still have. */
export interface Room {
  left: number;
}

const knownNames = new Map<string, boolean>();

/** Undefined for what JSON leaves out as well. */
export function logValue(value: unknown, room: Room, depth = 0): unknown {
  switch (typeof value) {
    case 'string':
      return textWithin(value, room);
    case 'number':
      room.left -= 8;
      return Number.isFinite(value) ? value : String(value);
    case 'boolean':
      room.left -= 8;
      return value;
    case 'bigint':
    case 'symbol':
      return textWithin(String(value), room);
    case 'object':
      if (value === null) return null;
      try {
        return objectWithin(value, room, depth);
      } catch {
        return '(cannot be read)';
      }
    default:
      return undefined;
  }
}

export function logFields(fields: object, room: Room, depth = 0): Record<string, unknown> {
  const told: Record<string, unknown> = {};
  let entries = 0;
  // Not Object.entries, which reads all values at once: one of them may throw.
  for (const name of namesOf(fields)) {
    if (entries >= MOST_ENTRIES || room.left <= 0) {
      told['...'] = 'cut';
      break;
    }
    const value = tellableValue(fields, name, room, depth);
    if (value === undefined) continue;
    entries++;
    room.left -= name.length + 4;
    // Own, whatever its name.
    if (name === '__proto__')
      Object.defineProperty(told, name, { value, enumerable: true, configurable: true, writable: true });
    else told[tellable(name)] = value;
  }
  return told;
}

function namesOf(fields: object): string[] {
  try {
    return Object.keys(fields);
  } catch {
    return [];
  }
}

function tellableValue(fields: object, name: string, room: Room, depth: number): unknown {
  try {
    const value = (fields as Record<string, unknown>)[name];
    if (value === undefined || typeof value === 'function') return undefined;
    return isSecret(name) && typeof value !== 'boolean' && value !== null ? REDACTED : logValue(value, room, depth + 1);
  } catch {
    return '(cannot be read)';
  }
}

function objectWithin(value: object, room: Room, depth: number): unknown {
  if (value instanceof Error) return textWithin(errorText(value), room);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString();
  if (value instanceof URL) return textWithin(value.href, room);
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return `(${value.byteLength} bytes)`;
  if (depth >= MOST_DEPTH || room.left <= 0) return '...';
  if (Array.isArray(value) || value instanceof Set) {
    const told: unknown[] = [];
    for (const each of value) {
      if (told.length >= MOST_ENTRIES || room.left <= 0) {
        told.push('...');
        break;
      }
      // Also for what is empty: a list may hold itself many times over.
      room.left -= 4;
      told.push(logValue(each, room, depth + 1) ?? null);
    }
    return told;
  }
  if (value instanceof Map) {
    const first = [...value.entries().take(MOST_ENTRIES + 1)];
    return logFields(Object.fromEntries(first.map(([key, each]) => [String(key), each as unknown])), room, depth);
  }
  const { toJSON } = value as { toJSON?: unknown };
  return typeof toJSON === 'function' ? logValue(toJSON.call(value), room, depth + 1) : logFields(value, room, depth);
}

function textWithin(text: string, room: Room): string {
  const most = Math.min(MOST_TEXT, Math.max(0, room.left));
  const told = redactWithin(text, most);
  room.left -= told.length;
  return told;
}

/** Most names are the code's own; a map's may be anything. */
function tellable(name: string): string {
  return name.length < 20 ? redact(name) : redactWithin(name, MOST_NAME);
}

function isSecret(name: string): boolean {
  if (name.length > MOST_NAME) return false;
  const known = knownNames.get(name);
  if (known !== undefined) return known;
  const secret = isSecretName(name);
  if (knownNames.size < MOST_KNOWN_NAMES) knownNames.set(name, secret);
  return secret;
}
