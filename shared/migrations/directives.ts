/** `-- +job name value` lines: what a migration says of how it is to be run. */
import { AppError } from '../errors.ts';
import type { Directives } from './migration.ts';

const DIRECTIVE = /^--\s*\+job\b(.*)$/;
/** Where the first statement begins: after empty lines and comments. `#` begins a comment in MySQL and no statement anywhere. */
const HEAD = /^(?:\s+|--[^\n]*(?:\n|$)|#[^\n]*(?:\n|$)|\/\*(?!!)[\s\S]*?\*\/)*/;
const DURATION = /^(\d{1,10})(ms|s|m|h)$/;
const MS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const;
/** More is refused by PostgreSQL. */
const MOST_MS = 2 ** 31 - 1;

/** Throws `migration_refused` with the file and the line where one is unknown, said twice, or stands where nobody would read it. */
export function readDirectives(file: string, text: string): Directives {
  const directives: Directives = { noTransaction: false, irreversible: false };
  if (!text.includes('+job')) return directives;
  const head = HEAD.exec(text)?.[0].length ?? 0;
  const seen = new Set<string>();
  let at = 0;
  for (const [index, line] of text.split('\n').entries()) {
    const said = DIRECTIVE.exec(line.replace(/^\ufeff/, '').trim())?.[1]?.trim();
    const refuse = (why: string) => new AppError('migration_refused', `${file}, line ${index + 1}: ${why}`);
    if (said !== undefined) {
      const [name = '', ...values] = said.split(/\s+/);
      if (at >= head) throw refuse(`"-- +job ${name}" must stand before the first statement`);
      if (seen.has(name)) throw refuse(`"-- +job ${name}" is there twice`);
      seen.add(name);
      read(directives, name, values, refuse);
    }
    at += line.length + 1;
  }
  return directives;
}

function read(directives: Directives, name: string, values: string[], refuse: (why: string) => AppError): void {
  const flag = () => {
    if (values.length > 0) throw refuse(`"-- +job ${name}" takes no value`);
    return true;
  };
  const duration = () => {
    const [, digits, unit] = (values.length === 1 && DURATION.exec(values[0] ?? '')) || [];
    const ms = Number(digits) * MS[unit as keyof typeof MS];
    if (!(ms <= MOST_MS))
      throw refuse(`"-- +job ${name}" takes a duration such as 500ms, 5s, 2m or 1h, 24 days at most`);
    return ms;
  };
  if (name === 'no-transaction') directives.noTransaction = flag();
  else if (name === 'irreversible') directives.irreversible = flag();
  else if (name === 'lock-timeout') directives.lockTimeoutMs = duration();
  else if (name === 'statement-timeout') directives.statementTimeoutMs = duration();
  else
    throw refuse(
      `there is no "-- +job ${name}"; there are no-transaction, lock-timeout, statement-timeout and irreversible`,
    );
}
