/**
 * Where one statement of a migration ends and the next begins, in MySQL's and SQLite's dialects. The server finds that out by itself, but it does not say how far it came; a file that
 * stopped half-way can only be gone on with at a statement that we counted. (PostgreSQL has a real parser: libpg-query.)
 *
 * Not known here: MySQL's sql_mode NO_BACKSLASH_ESCAPES, and MariaDB's sql_mode ORACLE.
 */
import { type BodyScan, mysqlBody, sqliteBody } from './statements/bodies.ts';
import { endOfQuoted, endOfSkipped, quoteAt } from './statements/tokens.ts';

export type Dialect = 'mysql' | 'sqlite';

export interface Statement {
  /** As it stands in the text from `start` to `end`, without its delimiter and without comments before it. */
  sql: string;
  start: number;
  end: number;
  /** Of its first character, from 1. */
  line: number;
}

const WORD = /[\p{L}\p{N}_$]+/uy;
/** The client takes the quotes off. */
const DELIMITER = /delimiter[ \t]+(?:(['"`])([^\r\n]+?)\1|(\S+))[^\n]*/iy;

/** What stands between statements is white space, comments, delimiters and DELIMITER lines, which no server understands. None is empty. */
export function splitStatements(text: string, dialect: Dialect): Statement[] {
  const statements: Statement[] = [];
  let delimiter = ';';
  let start = -1;
  let end = 0;
  let body: BodyScan | undefined;
  const lineAt = lineCounter(text);
  const close = () => {
    if (start >= 0) statements.push({ sql: text.slice(start, end), start, end, line: lineAt(start) });
    start = -1;
    body = undefined;
  };

  for (let at = text.startsWith('\uFEFF') ? 1 : 0; at < text.length; ) {
    if (start < 0 && dialect === 'mysql') {
      DELIMITER.lastIndex = at;
      const asked = DELIMITER.exec(text);
      const chosen = asked?.[2] ?? asked?.[3];
      if (chosen !== undefined) {
        delimiter = chosen;
        at = DELIMITER.lastIndex;
        continue;
      }
    }
    // Before comments and words, as the client looks: `#` or `--` may be the delimiter, and `END$$` holds one.
    if (text.startsWith(delimiter, at)) {
      // Inside BEGIN ... END a semicolon ends nothing, unless the file names a delimiter of its own and so says itself where the body ends.
      const inside = body?.token(';', text, at) === true;
      at += delimiter.length;
      if (inside) end = at;
      else close();
      continue;
    }
    const skipped = endOfSkipped(text, at, dialect);
    if (skipped > at) {
      at = skipped;
      continue;
    }
    if (start < 0) {
      start = at;
      body = delimiter !== ';' ? undefined : dialect === 'mysql' ? mysqlBody() : sqliteBody();
    }
    const quoted = quoteAt(text, at, dialect);
    if (quoted) {
      at = endOfQuoted(text, at, dialect);
      body?.token(quoted, text, at);
    } else {
      WORD.lastIndex = at;
      // A delimiter of the file's own may stand in a word, so that is gone through by characters; a body need not be known then.
      const whole = delimiter === ';' ? WORD.exec(text)?.[0] : undefined;
      const word = whole ?? String.fromCodePoint(text.codePointAt(at) as number);
      body?.token(word.toUpperCase(), text, at);
      at += word.length;
    }
    end = at;
  }
  close();
  return statements;
}

function lineCounter(text: string): (offset: number) => number {
  let line = 1;
  let counted = 0;
  return (offset) => {
    for (; counted < offset; counted++) if (text.charCodeAt(counted) === 10) line++;
    return line;
  };
}
