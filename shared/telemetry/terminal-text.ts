/** A line for a person at a terminal: when, how bad, whose, what, and the few fields that matter; the stack of an error below, indented. */
import { styleText } from 'node:util';
import type { Severity } from '../log.ts';
import { errorText } from './error-text.ts';
import { errorOf, fieldsOf, type Line } from './json-line.ts';
import { redactWithin } from './redact.ts';

/** Characters, of which each may take three bytes, or come out as six where it would move the cursor. */
const ROOM = 10_000;
const MOST_MESSAGE = 4_000;
const MOST_REST = 6_000;
const MOST_NAME = 63;
const SHORT_ID = 8;

const SHOWN: Record<Severity, { name: string; colour: 'gray' | 'green' | 'yellow' | 'red' }> = {
  DEBUG: { name: 'DEBUG', colour: 'gray' },
  INFO: { name: 'INFO', colour: 'green' },
  WARNING: { name: 'WARN', colour: 'yellow' },
  ERROR: { name: 'ERROR', colour: 'red' },
};

/** In other places of the line, or only for machines. */
const ELSEWHERE = new Set(['function', 'kind', 'httpRequest', 'operation', 'error', 'steps', 'requestId']);

export function textLine(line: Line, colour: boolean): string {
  const paint = (style: Parameters<typeof styleText>[0], text: string) =>
    colour ? styleText(style, text, { validateStream: false }) : text;
  const { name, colour: bad } = SHOWN[line.severity];
  const fields = fieldsOf(line, { left: ROOM });
  const rest = Object.entries(fields)
    .filter(([field]) => !ELSEWHERE.has(field))
    .map(([field, value]) => `${field}=${shown(value)}`);
  const { steps, requestId } = fields;
  if (typeof steps === 'object' && steps !== null) rest.push(...stepsOf(steps as Record<string, unknown>));
  if (typeof requestId === 'string' && requestId !== '') rest.push(`request=${requestId.slice(0, SHORT_ID)}`);
  if (line.scope?.trace) rest.push(`trace=${line.scope.trace.traceId.slice(0, SHORT_ID)}`);
  const parts = [
    paint('gray', line.time.slice(11, 19)),
    paint(bad, name),
    ...(typeof fields['function'] === 'string' ? [paint('cyan', oneLine(fields['function']).slice(0, MOST_NAME))] : []),
    oneLine(redactWithin(line.message, MOST_MESSAGE)).slice(0, MOST_MESSAGE),
    ...(rest.length > 0 ? [paint('gray', oneLine(rest.join(' ')).slice(0, MOST_REST))] : []),
  ];
  return `${parts.join(' ')}\n${errorBelow(line)}`;
}

function errorBelow(line: Line): string {
  const error = errorOf(line);
  if (error === undefined) return '';
  const lines = redactWithin(errorText(error), ROOM).split(/\r?\n/);
  const told = lines.map((each) => `    ${visible(each).trimEnd()}`).join('\n');
  return `${told.slice(0, ROOM)}\n`;
}

function stepsOf(steps: Record<string, unknown>): string[] {
  return Object.entries(steps).map(([name, value]) => {
    const { times, ms } = value as { times?: unknown; ms?: unknown };
    return `${name}=${times === 1 ? '' : `${String(times)}x`}${String(ms)}ms`;
  });
}

function shown(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function oneLine(text: string): string {
  return visible(text.replaceAll(/[\r\n]+/g, ' ⏎ '));
}

/** Data may hold anything; what moves the cursor, or turns text around, must not reach a terminal. */
function visible(text: string): string {
  return text.replaceAll(
    /[\p{Cc}\p{Bidi_Control}]/gu,
    (each) => `\\u${each.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
