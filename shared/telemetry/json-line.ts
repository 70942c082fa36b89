/**
 * A line in the form that Cloud Logging reads from a process's output: https://cloud.google.com/logging/docs/structured-logging, with the request, the trace, the labels, the
 * operation and the place in the code where it looks for them. Whatever else reads lines finds plain JSON.
 */
import type { LogFields, Severity } from '../log.ts';
import { isUnexpected, reportedError, type Service, sourceLocationOf } from './error-report.ts';
import { errorLine, errorText } from './error-text.ts';
import { logFields, logValue, type Room } from './log-value.ts';
import { redactWithin } from './redact.ts';
import type { Scope } from './scope.ts';

export interface Line {
  severity: Severity;
  message: string;
  /** RFC 3339. */
  time: string;
  /** The later ones win. */
  fields: readonly (LogFields | undefined)[];
  scope: Scope | undefined;
}

export interface Origin {
  /** Google Cloud project, where it is known. */
  project?: string | undefined;
  service?: Service | undefined;
}

/** Bytes of a line. Cloud Logging takes 256 KiB, and cuts larger ones into pieces that are no JSON any more. */
export const MOST_BYTES = 64 * 1024;
/** Characters of texts, names and numbers in a line; and where these are such as take many bytes each: at most six, as \u0000. */
const ROOM = 40_000;
const NARROW_ROOM = 6_000;
const MOST_MESSAGE = 4_000;
const MOST_STACK = 16_000;

/** Fields that are labels as well, by which Cloud Logging finds lines fast. */
const LABELS = ['function', 'kind', 'subscription', 'schedule'] as const;
const PREFIX = 'logging.googleapis.com/';

export function jsonLine(line: Line, origin: Origin): string {
  const text = JSON.stringify(entryOf(line, origin, ROOM));
  const fits = text.length * 3 <= MOST_BYTES || Buffer.byteLength(text) < MOST_BYTES;
  return `${fits ? text : JSON.stringify(entryOf(line, origin, NARROW_ROOM))}\n`;
}

/** Fields of a line, bounded and redacted, with what every line of an invocation bears. */
export function fieldsOf({ fields, scope }: Line, room: Room): Record<string, unknown> {
  const notes = scope?.invocation.fields;
  const common = notes && { requestId: notes['requestId'], operation: notes['operation'] };
  const told: Record<string, unknown> = {};
  for (const each of [common, ...fields]) if (each) Object.assign(told, logFields(each, room));
  return told;
}

/** The error of a line, which is the last that was given. */
export function errorOf({ fields }: Line): unknown {
  for (const each of fields.toReversed()) {
    try {
      if (each?.['error'] !== undefined) return each['error'];
    } catch {
      return '(cannot be read)';
    }
  }
  return undefined;
}

function entryOf(line: Line, origin: Origin, most: number): Record<string, unknown> {
  const { severity, time, scope } = line;
  const room: Room = { left: most };
  const message = redactWithin(line.message, Math.min(MOST_MESSAGE, room.left / 2));
  room.left -= message.length;
  const { operation, ...fields } = fieldsOf(line, room);
  const entry: Record<string, unknown> = { severity, message, time };
  if (scope?.trace) {
    const { traceId, spanId, sampled } = scope.trace;
    entry[`${PREFIX}trace`] = origin.project ? `projects/${origin.project}/traces/${traceId}` : traceId;
    entry[`${PREFIX}spanId`] = spanId;
    entry[`${PREFIX}trace_sampled`] = sampled;
  }
  const labels = LABELS.flatMap((name) => (typeof fields[name] === 'string' ? [[name, fields[name]]] : []));
  if (labels.length > 0) entry[`${PREFIX}labels`] = Object.fromEntries(labels) as unknown;
  if (operation !== undefined) entry[isOperation(operation) ? `${PREFIX}operation` : 'operation'] = operation;
  // What the line itself says stands.
  for (const [name, value] of Object.entries(fields)) if (!Object.hasOwn(entry, name)) entry[name] = value;
  return severity === 'ERROR' ? withError(entry, line, origin, most) : entry;
}

function withError(
  entry: Record<string, unknown>,
  line: Line,
  { service }: Origin,
  most: number,
): Record<string, unknown> {
  const error = errorOf(line);
  if (error === undefined) return entry;
  const stack = errorText(error);
  const place = sourceLocationOf(stack);
  if (place) entry[`${PREFIX}sourceLocation`] = logValue(place, { left: 1_000 });
  if (!isUnexpected(error)) return entry;
  // The stack once is enough.
  entry['error'] = redactWithin(errorLine(error), Math.min(MOST_MESSAGE, most / 2));
  const name = typeof entry['function'] === 'string' ? entry['function'] : 'hawker';
  const request = entry['httpRequest'] as Record<string, unknown> | undefined;
  const told = redactWithin(stack, Math.min(MOST_STACK, most / 2));
  return Object.assign(entry, reportedError(told, service ?? { name, version: undefined }, request));
}

/** What goes over several lines: a run of migrations, a job. https://cloud.google.com/logging/docs/reference/v2/rest/v2/LogEntry#LogEntryOperation */
function isOperation(value: unknown): boolean {
  return typeof value === 'object' && value !== null && typeof (value as { id?: unknown }).id === 'string';
}
