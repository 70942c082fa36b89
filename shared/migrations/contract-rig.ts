/** What the tests of every session have in common. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { type ErrorCode, isAppError } from '../errors.ts';
import type { Directives, Script, Step, Version } from './migration.ts';
import type { ApplyGiven, Session } from './session.ts';

/** One new, empty database. */
export interface DatabaseUnderTest {
  /** A session of its own, its waits for locks at most about a second. */
  open(signal?: AbortSignal): Promise<Session>;
  /** Rows of a statement by somebody else's connection. */
  query(sql: string): Promise<unknown[][]>;
  /** Ends this session's connection from outside, as a server's restart would. */
  sever?(session: Session): Promise<void>;
  /** A statement that takes a minute, and whether it is being run just now. */
  long?: { sql: string; runs(): Promise<boolean> };
  /** Removes the database. */
  close(): Promise<void>;
}

export interface Contract {
  name: string;
  start: () => Promise<DatabaseUnderTest>;
  /** Whether a script that fails can be taken back as a whole. MySQL cannot. */
  transactional: boolean;
  /** Whether a marked step goes on behind the statements that took effect. */
  resumes: boolean;
  /** Asks how golang-migrate's table is made, and what its own statement gives there. */
  table: { sql: string; rows: unknown[][] };
  /** Why there is only one session at a time, where that is so. */
  alone?: string;
  /** Why the whole suite cannot run here. */
  skip?: string | false | undefined;
}

export const TOKEN = 5;

export const given = (more: Partial<ApplyGiven> = {}): ApplyGiven => ({
  ...{ token: TOKEN, run: 'run_1', by: 'ann', bundle: 'b1', more: false, signal: AbortSignal.timeout(60_000) },
  ...more,
});
export const stamping = (token = TOKEN) => ({
  token,
  run: 'run_2',
  by: 'bob',
  bundle: 'b2',
  direction: 'force' as const,
  name: '',
});

interface Texts {
  up?: string;
  down?: string;
  directives?: Partial<Directives>;
}

/** The two ways of one migration between two versions. */
export function migration(version: Version, texts: Texts, before?: Version): { up: Step; down: Step } {
  const script = (direction: 'up' | 'down', text: string | undefined): { [way in 'up' | 'down']?: Script } =>
    text === undefined
      ? {}
      : {
          [direction]: {
            file: `${version}_fruit.${direction}.sql`,
            text,
            checksum: createHash('sha256').update(text).digest('hex'),
            directives: { noTransaction: false, irreversible: false, ...texts.directives },
          },
        };
  const both = { version, name: 'fruit', ...script('up', texts.up), ...script('down', texts.down) };
  return {
    up: { direction: 'up', migration: both, from: before, to: version },
    down: { direction: 'down', migration: both, from: version, to: before },
  };
}

export const FRUIT = {
  up: "CREATE TABLE fruit (id integer PRIMARY KEY, name varchar(20));\nINSERT INTO fruit VALUES (1, 'apple');\n",
  down: 'DROP TABLE fruit;\n',
};
export const COLOUR = {
  up: 'ALTER TABLE fruit ADD COLUMN colour varchar(9);\nCREATE INDEX by_colour ON fruit (colour);\n',
};
/** The third statement fails, at line 3. */
export const BROKEN = {
  up: 'CREATE TABLE half (id integer);\nINSERT INTO half VALUES (1);\nINSERT INTO no_such_table VALUES (1);\n',
};

/** golang-migrate's rows, whatever the client makes of their types. */
export async function rows(database: DatabaseUnderTest): Promise<[string, boolean][]> {
  const found = await database.query('SELECT version, dirty FROM schema_migrations');
  return found.map(([version, dirty]) => [String(version), ['true', 't', '1'].includes(String(dirty))]);
}

export async function count(database: DatabaseUnderTest, table: string): Promise<number | 'no table'> {
  try {
    return Number((await database.query(`SELECT count(*) FROM ${table}`))[0]?.[0]);
  } catch {
    return 'no table';
  }
}

export const failsWith = (work: Promise<unknown>, ...codes: ErrorCode[]) =>
  assert.rejects(work, (error) => {
    assert.ok(
      codes.some((code) => isAppError(error, code)),
      `not ${codes.join(' or ')}: ${error}`,
    );
    return true;
  });

/** Asks again until it is so, at most half a minute. */
export async function until(is: () => Promise<boolean>, what: string): Promise<void> {
  for (let turn = 0; turn < 1_500; turn++) {
    if (await is()) return;
    await pause(20);
  }
  assert.fail(`never: ${what}`);
}
