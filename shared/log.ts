/**
 * One line per thing that happened: JSON in Cloud Logging's field names, or a readable line where a person looks at a terminal.
 *
 * Never pass a secret, a signed address or a link's query string as a field: nothing here can tell them from other text.
 */
export type Severity = 'DEBUG' | 'INFO' | 'WARNING' | 'ERROR';
export type LogFields = Record<string, unknown>;

export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A log that adds these fields to each of its lines. */
  with(fields: LogFields): Log;
}

export interface LogOptions {
  write: (line: string) => void;
  now: () => number;
  format: 'json' | 'text';
  /** Lines below this severity are not written. */
  level?: Severity;
}

const RANK: Record<Severity, number> = { DEBUG: 0, INFO: 1, WARNING: 2, ERROR: 3 };

export function createLog(options: LogOptions, bound: LogFields = {}): Log {
  const least = RANK[options.level ?? 'INFO'];
  const line = (severity: Severity) => (message: string, fields?: LogFields) => {
    if (RANK[severity] < least) return;
    const time = new Date(options.now()).toISOString();
    const all = plain({ ...bound, ...fields });
    options.write(
      options.format === 'json' ? jsonLine(severity, message, time, all) : textLine(severity, message, time, all),
    );
  };
  return {
    debug: line('DEBUG'),
    info: line('INFO'),
    warn: line('WARNING'),
    error: line('ERROR'),
    with: (fields) => createLog(options, { ...bound, ...fields }),
  };
}

function jsonLine(severity: Severity, message: string, time: string, fields: LogFields): string {
  return `${JSON.stringify({ severity, message, time, ...fields })}\n`;
}

function textLine(severity: Severity, message: string, time: string, fields: LogFields): string {
  const rest = Object.entries(fields).map(
    ([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  return `${[time.slice(11, 19), severity === 'WARNING' ? 'WARN' : severity, message, ...rest].join(' ').replaceAll(/[\r\n]+/g, ' ⏎ ')}\n`;
}

/** Errors do not survive JSON.stringify by themselves. */
function plain(fields: LogFields): LogFields {
  return Object.fromEntries(
    Object.entries(fields)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [name, value instanceof Error ? (value.stack ?? value.message) : value]),
  );
}
