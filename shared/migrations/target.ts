/** Databases to migrate, as HAWKER_DATABASES names them. */

export const KINDS = ['postgres', 'mysql', 'sqlite'] as const;
/** `mysql` is MariaDB too. */
export type Kind = (typeof KINDS)[number];

/** Where the address, which may hold a password, comes from: never from the targets' file itself, but for SQLite, whose address is a path. */
export type AddressRef =
  | { from: 'variable'; name: string }
  | { from: 'file'; path: string }
  | { from: 'path'; path: string };

export interface Target {
  /** 1 to 63 lower-case letters, digits and `-`; names the lease `migrate.<name>` and the path in the API. */
  name: string;
  kind: Kind;
  address: AddressRef;
  /** Of its migrations, absolute; or the files themselves by name, as the built-in sample has them, which no folder is deployed with. */
  folder: string | { files: Readonly<Record<string, string>> };
  /** golang-migrate's table; `schema_migrations` unless the file says otherwise. */
  table: string;
  labels: Readonly<Record<string, string>>;
  region?: string;
  /** Of every statement that waits for a lock of the database, in milliseconds. */
  lockTimeoutMs: number;
  /** Of every statement, in milliseconds; 0 is no limit. */
  statementTimeoutMs: number;
  /** What an `up` does where migrations were merged late or edited after they were applied; `warn` unless the file says otherwise. */
  policy?: Policy;
}

/** `warn` tells and goes on. */
export type Policy = Readonly<Partial<Record<'late' | 'edited', 'warn' | 'refuse'>>>;

/** What a target has where its file says nothing. */
export const DEFAULTS = { table: 'schema_migrations', lockTimeoutMs: 3000, statementTimeoutMs: 0 } as const;
