/** Databases to migrate, as HAWKER_DATABASES names them. */

export const KINDS = ['postgres', 'mysql', 'sqlite', 'firestore'] as const;
/** `mysql` is MariaDB too. */
export type Kind = (typeof KINDS)[number];

/** Where a text that may be or hold a password is kept. `secret` is a version in Secret Manager: `projects/p/secrets/s/versions/latest`. */
export type SecretRef =
  | { from: 'variable'; name: string }
  | { from: 'file'; path: string }
  | { from: 'secret'; name: string };

/** Where the address comes from: never from the targets' file itself, but where it holds no password: SQLite's path, Firestore's database, and an instance of Cloud SQL, whose password is kept elsewhere. */
export type AddressRef =
  | SecretRef
  | { from: 'path'; path: string }
  | {
      from: 'cloud-sql';
      /** `project:region:instance`. */
      instance: string;
      user: string;
      database: string;
      /** `iam`: this process's own identity is the password. */
      password: SecretRef | 'iam';
      /** Which of the instance's addresses. */
      ip: 'public' | 'private' | 'psc';
    }
  | {
      from: 'firestore';
      /** GOOGLE_CLOUD_PROJECT where it is absent. */
      project?: string;
      /** `(default)` unless the file says otherwise. */
      database: string;
    };

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
  /** What an `up` does where migrations were merged late, were edited after they were applied, or have no file any more; `warn` unless the file says otherwise. */
  policy?: Policy;
  /** When an `up` is begun by itself: five fields of cron, in UTC. */
  schedule?: string;
  /** A server to rehearse on, in a database of its own that is made for it and dropped again. */
  rehearse?: { address: SecretRef };
}

/** `warn` tells and goes on; `error` refuses; `apply` takes what was merged late first, in its order, each leaving the version where it is. */
export interface Policy {
  readonly late?: 'warn' | 'error' | 'apply';
  readonly edited?: 'warn' | 'error';
  readonly missing?: 'warn' | 'error';
}

/** What a target has where its file says nothing. */
export const DEFAULTS = { table: 'schema_migrations', lockTimeoutMs: 3000, statementTimeoutMs: 0 } as const;
