/** What is to be done to a target, and how far it is: files, versions, steps. The rules of files and versions are golang-migrate's (source/parse.go, migrate.go). */

/** 0 to 2^64 - 1. Nineteen digits are usual, so never a number. */
export type Version = bigint;

/** `undefined`: nothing was ever applied, golang-migrate's nil version. */
export interface VersionState {
  version: Version | undefined;
  /** Its row says that a step began and nobody knows how it ended. While the very first step is taken back it is dirty without a version. */
  dirty: boolean;
}

/** Text of one direction, as it is in its file. */
export interface Script {
  /** The file's name. */
  file: string;
  text: string;
  /** SHA-256 of the text with LF line ends and without a byte order mark, hex. */
  checksum: string;
  directives: Directives;
}

/** `-- +job name value` lines at the head of a file. */
export interface Directives {
  /** Statements are sent one by one, outside a transaction. */
  noTransaction: boolean;
  /** Milliseconds. */
  lockTimeoutMs?: number;
  statementTimeoutMs?: number;
  /** There is no way back; `down` refuses. */
  irreversible: boolean;
  /** It works in pages, each in a transaction with its checkpoint, and can stop and go on between any two. */
  backfill?: Backfill;
}

/**
 * `-- +job backfill orders by id`: the script is one UPDATE, DELETE or INSERT ... SELECT with a condition behind which stands the block comment `+job page`. The comment is replaced by the bounds of each page; golang-migrate, which
 * knows nothing of it, runs the same file as one statement.
 */
export interface Backfill {
  table: string;
  /** Columns that together are unique, not null and indexed: the order of the pages. */
  key: readonly string[];
  /** Rows of one page, 1 to 100,000; 1,000 unless `-- +job batch` says otherwise. */
  batch: number;
  /** `-- +job rows-per-second`; undefined is as fast as it goes. */
  rowsPerSecond?: number;
}

export interface Migration {
  version: Version;
  /** What stands between the number and the direction in the file's name. */
  name: string;
  up?: Script;
  down?: Script;
}

/** A folder's migrations by version, ascending, with what was found wrong. */
export interface Bundle {
  migrations: readonly Migration[];
  /** SHA-256 over versions and checksums, hex: the same bundle has the same one wherever it is. */
  hash: string;
}

/** One file's way in one direction. */
export interface Step {
  direction: 'up' | 'down';
  migration: Migration;
  /** What the row says before, and after: the same for one that was merged late. */
  from: Version | undefined;
  to: Version | undefined;
}
