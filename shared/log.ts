/**
 * One line per thing that happened: JSON as Cloud Logging reads it, or a readable line where a person looks at a terminal.
 *
 * A line that is written within an invocation bears its request and trace by itself. Secrets are taken out of every line, whoever wrote it (telemetry/redact.ts); still, pass none.
 * Writing a line never throws.
 */
import { jsonLine, type Line, type Origin } from './telemetry/json-line.ts';
import { currentScope } from './telemetry/scope.ts';
import { textLine } from './telemetry/terminal-text.ts';

export type Severity = 'DEBUG' | 'INFO' | 'WARNING' | 'ERROR';
export type LogFields = Record<string, unknown>;

export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A log that adds these fields to each of its lines. `operation: {id, producer}` marks those of one thing that goes over several. */
  with(fields: LogFields): Log;
  /** What is added to each of its lines. */
  readonly bound: LogFields;
}

export interface LogOptions extends Origin {
  write: (line: string) => void;
  now: () => number;
  format: 'json' | 'text';
  /** Whether a readable line has colours. */
  colour?: boolean;
  /** Lines below this severity are not written, unless their invocation is debugged. */
  level?: Severity;
}

const RANK: Record<Severity, number> = { DEBUG: 0, INFO: 1, WARNING: 2, ERROR: 3 };

export function createLog(options: LogOptions, bound: LogFields = {}): Log {
  const { write, now, format, colour = false, level = 'INFO' } = options;
  const least = RANK[level];
  const line = (severity: Severity) => (message: string, fields?: LogFields) => {
    const scope = currentScope();
    if (RANK[severity] < least && !scope?.invocation.debug) return;
    const made: Line = { severity, message, time: new Date(now()).toISOString(), fields: [bound, fields], scope };
    try {
      write(textOf(made));
    } catch {
      // Nobody could be told, and what is being logged has to go on.
    }
  };
  const textOf = (made: Line) => {
    try {
      return format === 'json' ? jsonLine(made, options) : textLine(made, colour);
    } catch {
      // Of the odder things that a program may hand over.
      const { fields: _, ...rest } = made;
      return jsonLine({ ...rest, fields: [{ fields: 'cannot be read' }] }, options);
    }
  };
  return {
    debug: line('DEBUG'),
    info: line('INFO'),
    warn: line('WARNING'),
    error: line('ERROR'),
    with: (fields) => createLog(options, { ...bound, ...fields }),
    bound,
  };
}
