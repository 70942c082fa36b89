/** Rules for MySQL, MariaDB and SQLite, by the first words of each statement: hints, since nothing here reads their whole language. What stands in texts, comments and bodies of routines is no word. */
import { type Dialect, splitStatements } from '../statements.ts';
import { weighMysql } from '../weigh/mysql.ts';
import { nameAt, pastIfExists, type Word, wordsOf } from '../weigh/words.ts';
import { type Effects, type LintedScript, noEffects, type Raised } from './finding.ts';

interface Given {
  down: boolean;
  backfill: boolean;
}

/** A statement of megabytes, such as a dump's, tells what it is at its beginning. */
const MOST_READ = 20_000;
const DDL = new Set(['CREATE', 'ALTER', 'DROP', 'RENAME', 'TRUNCATE']);
const DML = new Set(['INSERT', 'UPDATE', 'DELETE', 'REPLACE']);
const FILLERS = new Set([
  'TEMP',
  'TEMPORARY',
  'UNIQUE',
  'FULLTEXT',
  'SPATIAL',
  'ONLINE',
  'OFFLINE',
  'IGNORE',
  'LOW_PRIORITY',
  'QUICK',
  'VIRTUAL',
]);

export function lintByWords(text: string, dialect: Dialect, { down, backfill }: Given): LintedScript {
  const statements = splitStatements(text, dialect);
  const effects = noEffects();
  const raised: Raised[] = [];
  const made = new Set<string>();
  const kinds: { kind: 'ddl' | 'dml' | 'other'; offset: number }[] = [];
  for (const { sql, start } of statements) {
    const words = wordsOf(sql.slice(0, MOST_READ), dialect);
    const temporary = words.slice(1, 4).some(({ text: word }) => word === 'TEMPORARY' || word === 'TEMP');
    const rest = words.filter(({ text: word }, at) => at === 0 || at > 5 || !FILLERS.has(word));
    const first = rest[0]?.text ?? '';
    kinds.push({ kind: DDL.has(first) && !temporary ? 'ddl' : DML.has(first) ? 'dml' : 'other', offset: start });
    const say = (rule: Raised['rule'], message: string) => raised.push({ rule, message, offset: start });
    noteWords(effects, rest, { offset: start, temporary, made });
    if (isBegin(rest, dialect)) say('own-transaction', 'begins a transaction of its own');
    lintWords(rest, {
      say,
      down,
      backfill,
      dialect,
      complete: sql.length <= MOST_READ,
      isNew: (table) => made.has(table),
    });
  }
  if (dialect === 'mysql') for (const one of lintMysql(text, statements, kinds)) raised.push(one);
  return { raised, ranges: statements.map(({ start, end }) => ({ start, end })), effects };
}

interface WordsPlace extends Given {
  say: (rule: Raised['rule'], message: string) => void;
  dialect: Dialect;
  complete: boolean;
  isNew: (table: string) => boolean;
}

function lintWords(words: readonly Word[], { say, down, backfill, dialect, complete, isNew }: WordsPlace): void {
  const [first = '', second = '', third = ''] = words.map(({ text }) => text);
  const has = (word: string) => words.some(({ text, depth }) => text === word && depth === 0);
  if (first === 'DROP' && !down) {
    const { name } = nameAt(words, pastIfExists(words, 2));
    if (second === 'TABLE' && !isNew(name)) say('ban-drop-table', `drops ${name} with all rows`);
    if (second === 'DATABASE' || second === 'SCHEMA') say('ban-drop-database', `drops the database ${name}`);
  }
  if (first === 'RENAME' && second === 'TABLE' && !down)
    say('renaming-table', `${nameAt(words, 2).name} has another name from one moment to the next`);
  if (first === 'ALTER' && second === 'TABLE') {
    const { name, next } = nameAt(words, pastIfExists(words, 2));
    if (!isNew(name)) lintClauses(clausesOf(words.slice(next)), name, { say, down, dialect });
  }
  // `DELETE a FROM a JOIN b` and `UPDATE a, b` are not of a whole table as a rule.
  const table =
    first === 'UPDATE'
      ? nameAt(words, second === 'OR' ? 3 : 1)
      : first === 'DELETE' && second === 'FROM'
        ? nameAt(words, 2)
        : undefined;
  if (
    table &&
    complete &&
    !backfill &&
    !isNew(table.name) &&
    third !== '' &&
    ['WHERE', 'JOIN', 'LIMIT', 'USING', 'FROM'].every((word) => !has(word) || (word === 'FROM' && first === 'DELETE'))
  )
    say('update-without-backfill', `changes every row of ${table.name} at once`);
}

function lintClauses(
  clauses: Word[][],
  table: string,
  { say, down, dialect }: Pick<WordsPlace, 'say' | 'down' | 'dialect'>,
): void {
  for (const clause of clauses) {
    const [first = '', second = ''] = clause.map(({ text }) => text);
    const things = [
      'INDEX',
      'KEY',
      'PRIMARY',
      'FOREIGN',
      'CONSTRAINT',
      'CHECK',
      'PARTITION',
      'UNIQUE',
      'FULLTEXT',
      'SPATIAL',
      'SYSTEM',
      'PERIOD',
      'DEFAULT',
    ];
    if (first === 'DROP' && !things.includes(second) && !down)
      say('ban-drop-column', `drops ${nameAt(clause, columnAt(clause)).name} of ${table} for good`);
    if (first === 'RENAME' && !down) {
      const column = second === 'COLUMN' || (dialect === 'sqlite' && second !== 'TO');
      if (column)
        say(
          'renaming-column',
          `${nameAt(clause, second === 'COLUMN' ? 2 : 1).name} of ${table} has another name from one moment to the next`,
        );
      else if (second === 'TO' || second === 'AS')
        say('renaming-table', `${table} has another name from one moment to the next`);
    }
    if (first === 'CHANGE' && !down) {
      const { name, next } = nameAt(clause, columnAt(clause));
      if (name !== nameAt(clause, next).name)
        say('renaming-column', `${name} of ${table} has another name from one moment to the next`);
    }
    // SQLite refuses it even where there is no row; MySQL gives the type's own default.
    const required =
      first === 'ADD' && clause.some(({ text }, at) => text === 'NOT' && clause[at + 1]?.text === 'NULL');
    if (
      dialect === 'sqlite' &&
      required &&
      !clause.some(({ text }) => text === 'DEFAULT' || text === 'GENERATED' || text === 'AS')
    )
      say('adding-required-field', `fails: SQLite adds no column to ${table} that is not null and has no default`);
  }
}

/** Where a clause's column stands: after COLUMN and IF EXISTS. */
const columnAt = (clause: readonly Word[]) => pastIfExists(clause, clause[1]?.text === 'COLUMN' ? 2 : 1);

function clausesOf(words: readonly Word[]): Word[][] {
  const clauses: Word[][] = [[]];
  for (const word of words) {
    if (word.raw === ',' && word.depth === 0) clauses.push([]);
    else clauses.at(-1)?.push(word);
  }
  return clauses;
}

function isBegin(words: readonly Word[], dialect: Dialect): boolean {
  const [first = '', second = '', third = ''] = words.map(({ text }) => text);
  if (first === 'START') return second === 'TRANSACTION';
  return first === 'BEGIN' && (dialect === 'sqlite' || (third !== 'ATOMIC' && words.length <= 2));
}

function lintMysql(
  text: string,
  statements: readonly { start: number }[],
  kinds: readonly { kind: string; offset: number }[],
): Raised[] {
  const raised: Raised[] = [];
  for (const [k, { lock, tables, why }] of weighMysql(text).entries())
    if (lock === 'COPY' && tables.some(({ created }) => !created))
      raised.push({
        rule: 'copy-algorithm',
        offset: statements[k]?.start ?? 0,
        message: `copies ${tables[0]?.name}: ${why}`,
      });
  const ddl = kinds.filter(({ kind }) => kind === 'ddl');
  const dml = kinds.find(({ kind }) => kind === 'dml');
  if (ddl[0] && dml)
    raised.push({
      rule: 'mixed-ddl-dml',
      offset: Math.max(ddl[0].offset, dml.offset),
      message: 'rows and schema change in one file, which cannot be taken back from its middle',
    });
  if (ddl[1])
    raised.push({
      rule: 'several-ddl-statements',
      offset: ddl[1].offset,
      message: `one of ${ddl.length} changes of the schema, each of which commits by itself`,
    });
  return raised;
}

function noteWords(
  effects: Effects,
  words: readonly Word[],
  { offset, temporary, made }: { offset: number; temporary: boolean; made: Set<string> },
): void {
  const [first = '', second = ''] = words.map(({ text }) => text);
  const { name, next } = nameAt(words, pastIfExists(words, 2));
  const after = (word: string) => {
    const at = words.findIndex(({ text }, place) => text === word && place >= next);
    return at < 0 ? '' : nameAt(words, at + 1).name;
  };
  if (first === 'CREATE' && second === 'TABLE') {
    made.add(name);
    if (!temporary) effects.makes.set(`table ${name}`, { offset, table: name });
  } else if (first === 'CREATE' && second === 'INDEX')
    effects.makes.set(`index ${name}`, { offset, table: after('ON') });
  else if (first === 'DROP' && second === 'TABLE') {
    for (const word of words.slice(2)) if (/^[^,]/.test(word.raw)) effects.takes.add(`table ${nameAt([word], 0).name}`);
    effects.takes.add(`table ${name}`);
  } else if (first === 'DROP' && second === 'INDEX') effects.takes.add(`index ${name}`);
  else if (first === 'ALTER' && second === 'TABLE') {
    for (const clause of clausesOf(words.slice(next))) {
      const [does = '', what = ''] = clause.map(({ text }) => text);
      const thing = nameAt(clause, columnAt(clause)).name;
      if (does === 'ADD' && what === 'COLUMN') effects.makes.set(`column ${name}.${thing}`, { offset, table: name });
      if (does === 'DROP')
        effects.takes.add(
          what === 'INDEX' || what === 'KEY'
            ? `index ${nameAt(clause, pastIfExists(clause, 2)).name}`
            : `column ${name}.${thing}`,
        );
      if (does === 'RENAME' || does === 'CHANGE') effects.unclear = true;
    }
  } else if (
    ['RENAME', 'CALL', 'EXECUTE'].includes(first) ||
    /^\/\*/.test(first) ||
    (first === 'DROP' && /^(?:DATABASE|SCHEMA)$/.test(second))
  )
    effects.unclear = true;
}
