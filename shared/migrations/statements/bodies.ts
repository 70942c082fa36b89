/** Whether a semicolon stands inside the body of a procedure, function, trigger or event, where it does not end the statement. */

export interface BodyScan {
  /** Told of each token of one statement in turn (words in capitals, a quote character for anything quoted); for `;` it answers whether it is inside a body. */
  token(token: string, text: string, at: number): boolean;
}

const PROGRAMS = new Set(['PROCEDURE', 'FUNCTION', 'TRIGGER', 'EVENT']);
/** What may stand between CREATE and the kind of thing. */
const BEFORE_KIND = new Set([
  'CREATE',
  'ALTER',
  'OR',
  'REPLACE',
  'DEFINER',
  'AGGREGATE',
  'CURRENT_USER',
  'CURRENT_ROLE',
]);
const BLOCKS = new Set(['IF', 'CASE', 'LOOP', 'WHILE', 'REPEAT', 'FOR']);
/** `DROP TABLE IF EXISTS` is no IF that an END IF closes. */
const IF_EXISTS = /if\s+(?:not\s+)?exists\b/iy;
const THINGS = new Set([
  ...[
    'TABLE',
    'TABLES',
    'VIEW',
    'INDEX',
    'KEY',
    'COLUMN',
    'CONSTRAINT',
    'PARTITION',
    'DATABASE',
    'SCHEMA',
    'USER',
    'ROLE',
  ],
  ...['PROCEDURE', 'FUNCTION', 'TRIGGER', 'EVENT', 'SEQUENCE', 'SERVER', 'PREPARE', 'ADD', 'DROP', 'CHANGE', 'MODIFY'],
]);
const FOR_LOOP = /for\s+[`\w$]+\s+in\b/iy;
const BEGIN_BLOCK = /begin\s+not\s+atomic\b/iy;
/** After these a word is a name: `NEW.end`, `(start, end)`, `SET end = 1`. */
const BEFORE_NAME = new Set(['.', ',', '(', '@', '=', 'SET', 'AS', 'SELECT', 'BY', 'AND', 'OR', 'COLUMN']);

export function mysqlBody(): BodyScan {
  const open: string[] = [];
  let program: boolean | undefined;
  let before = '';
  return {
    token(token, text, at) {
      if (token === ';') {
        before = ';';
        return open.length > 0;
      }
      program ??= programFrom(before, token, text, at);
      if (program) follow(open, before, token, text, at);
      before = token;
      return false;
    },
  };
}

/** Undefined while it is not to be told yet. MariaDB takes blocks outside of programs, too. */
function programFrom(before: string, token: string, text: string, at: number): boolean | undefined {
  if (before === '') {
    if (token === 'BEGIN') return matches(BEGIN_BLOCK, text, at);
    if (BLOCKS.has(token)) return true;
    return token === 'CREATE' || token === 'ALTER' ? undefined : false;
  }
  if (PROGRAMS.has(token)) return true;
  // DEFINER = `name`@`host`, with or without quotes.
  if (BEFORE_KIND.has(token) || /^[^\p{L}\p{N}_$]/u.test(token) || ['=', '@', '.', '-', '%'].includes(before))
    return undefined;
  return false;
}

function follow(open: string[], before: string, token: string, text: string, at: number): void {
  if (BEFORE_NAME.has(before) && token !== 'CASE') return;
  if (token === 'END') {
    // CASE may be an expression, and REPEAT ends with one; all others are closed after a semicolon.
    const top = open.at(-1);
    if (top === 'CASE' || top === 'REPEAT' || before === ';' || before === 'BEGIN') open.pop();
  } else if (token === 'BEGIN' || (BLOCKS.has(token) && before !== 'END' && opens(before, token, text, at)))
    open.push(token);
}

function opens(before: string, token: string, text: string, at: number): boolean {
  if (token === 'FOR') return matches(FOR_LOOP, text, at);
  if (token === 'REPEAT') return !/^\s*\(/.test(text.slice(at + token.length, at + token.length + 40));
  if (token === 'IF') return !(THINGS.has(before) && matches(IF_EXISTS, text, at)) && !isIfFunction(text, at);
  return true;
}

/** `IF(a, b, c)` is a function: two commas in its brackets. */
function isIfFunction(text: string, at: number): boolean {
  const bracket = /if\s*\(/iy;
  bracket.lastIndex = at;
  if (!bracket.test(text)) return false;
  let depth = 1;
  let commas = 0;
  for (let next = bracket.lastIndex; next < text.length && depth > 0; next++) {
    const char = text.charAt(next);
    if (char === '(') depth++;
    else if (char === ')') depth--;
    else if (char === ',' && depth === 1) commas++;
    else if ('\'"`'.includes(char)) {
      const end = text.indexOf(char, next + 1);
      if (end > 0) next = end;
    }
  }
  return commas === 2;
}

function matches(pattern: RegExp, text: string, at: number): boolean {
  pattern.lastIndex = at;
  return pattern.test(text);
}

/** The rule of `sqlite3_complete`: a trigger ends with `; END ;`. */
export function sqliteBody(): BodyScan {
  let state: 'start' | 'create' | 'trigger' | 'semi' | 'end' | 'plain' = 'start';
  return {
    token(token) {
      if (state === 'start')
        state =
          token === 'CREATE'
            ? 'create'
            : token === 'EXPLAIN' || token === 'QUERY' || token === 'PLAN'
              ? 'start'
              : 'plain';
      else if (state === 'create')
        state = token === 'TRIGGER' ? 'trigger' : token === 'TEMP' || token === 'TEMPORARY' ? 'create' : 'plain';
      else if (state !== 'plain') {
        if (token === ';' && state === 'end') return false;
        state = token === ';' ? 'semi' : token === 'END' && state === 'semi' ? 'end' : 'trigger';
      }
      return token === ';' && state === 'semi';
    },
  };
}
