/** Nine migrations of every sort, in each dialect. What each writes is counted, so that twice and never can be told from once. */
import type { Kind } from './rig.ts';

export const ACCOUNTS = 400;

/** What `hits` holds in the end. */
export const EFFECTS = ['2a', '2b', '4a', '5a', '5b', '6a', '6b', '9a'];

const hit = (what: string) => `INSERT INTO hits (what) VALUES ('${what}');\n`;
/** It adds up, so that a page that is taken twice shows. */
const PAGES =
  '-- +job backfill accounts by id\n-- +job batch 40\nUPDATE accounts SET n = n + 1 WHERE true /* +job page */;\n';

const COMMON = {
  '2_several.up.sql': `CREATE TABLE s1 (x int);\n${hit('2a')}CREATE TABLE s2 (x int);\n${hit('2b')}`,
  '5_rows.up.sql': `${hit('5a')}${hit('5b')}`,
  '6_own.up.sql': `BEGIN;\n${hit('6a')}COMMIT;\nBEGIN;\n${hit('6b')}COMMIT;\n`,
  '7_pages.up.sql': PAGES,
  '8_plain.up.sql': 'CREATE TABLE plain (x int);\n',
  '9_row.up.sql': hit('9a'),
};

const fill = (numbers: string) => `INSERT INTO accounts (id, n) ${numbers};\n`;
const counted = `WITH RECURSIVE c (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < ${ACCOUNTS}) SELECT i, 0 FROM c`;

export const FOLDERS: Record<Kind, Record<string, string>> = {
  postgres: {
    ...COMMON,
    '1_tables.up.sql': `CREATE TABLE hits (id bigserial PRIMARY KEY, what text NOT NULL);\nCREATE TABLE accounts (id int PRIMARY KEY, n int NOT NULL);\n${fill(counted)}`,
    '3_index.up.sql': 'CREATE INDEX CONCURRENTLY by_n ON accounts (n);\n',
    '4_apart.up.sql': `-- +job no-transaction\nBEGIN;\nCREATE TABLE apart (x int);\n${hit('4a')}COMMIT;\nCREATE INDEX CONCURRENTLY by_what ON hits (what);\n`,
  },
  mysql: {
    ...COMMON,
    '1_tables.up.sql': `CREATE TABLE hits (id bigint AUTO_INCREMENT PRIMARY KEY, what varchar(9) NOT NULL);\nCREATE TABLE accounts (id int PRIMARY KEY, n int NOT NULL);\n${fill(counted)}`,
    '3_index.up.sql': 'CREATE INDEX by_n ON accounts (n);\n',
    '4_apart.up.sql': `-- +job no-transaction\nCREATE TABLE apart (x int);\n${hit('4a')}CREATE INDEX by_what ON hits (what);\n`,
  },
  sqlite: {
    ...COMMON,
    '1_tables.up.sql': `CREATE TABLE hits (id integer PRIMARY KEY, what text NOT NULL);\nCREATE TABLE accounts (id integer PRIMARY KEY, n int NOT NULL);\n${fill(counted)}`,
    '3_index.up.sql': 'CREATE INDEX by_n ON accounts (n);\n',
    '4_apart.up.sql': `-- +job no-transaction\nCREATE TABLE apart (x int);\n${hit('4a')}VACUUM;\nCREATE INDEX by_what ON hits (what);\n`,
  },
};

/** By version, what takes back whatever is left of it, where a statement was under way that MySQL commits by itself. */
export const TAKE_BACK: Record<string, string[]> = {
  '1': ['DROP TABLE IF EXISTS hits', 'DROP TABLE IF EXISTS accounts'],
  '2': ['DROP TABLE IF EXISTS s1', 'DROP TABLE IF EXISTS s2', "DELETE FROM hits WHERE what LIKE '2%'"],
  '3': ['DROP INDEX IF EXISTS by_n ON accounts'],
  '4': ['DROP TABLE IF EXISTS apart', 'DROP INDEX IF EXISTS by_what ON hits', "DELETE FROM hits WHERE what LIKE '4%'"],
  '8': ['DROP TABLE IF EXISTS plain'],
};
