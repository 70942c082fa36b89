/** Every rule of lint. Those that squawk (squawkhq.com/docs/rules) has too are called as there. `error`: it fails, or others wait for as long as a table is large; `warning`: it may break or hide something. */
import type { Kind } from '../target.ts';

export type Severity = 'error' | 'warning';

interface Rule {
  severity: Severity;
  kinds: readonly Kind[];
  about: string;
  /** What to write instead. */
  help: string;
}

const rule = (severity: Severity, kinds: readonly Kind[], about: string, help: string): Rule => ({
  severity,
  kinds,
  about,
  help,
});
const PG: readonly Kind[] = ['postgres'];
const MYSQL: readonly Kind[] = ['mysql'];
const SQL: readonly Kind[] = ['postgres', 'mysql', 'sqlite'];
const ALL: readonly Kind[] = [...SQL, 'firestore'];
const EXPAND = 'Stop using it in the code first, and take it away in a later release';

export const RULES = {
  'syntax-error': rule('error', PG, 'PostgreSQL’s parser cannot read it', 'Mend it where the parser stopped'),
  'bad-directive': rule('error', ALL, 'A `-- +job` line that nobody can read', 'Write it as the README has it'),
  'duplicate-version': rule(
    'error',
    ALL,
    'Two files have the same version and direction',
    'Give one of them another number',
  ),
  'not-utf8': rule('error', ALL, 'It is not UTF-8, and no command takes a folder with such a file', 'Save it as UTF-8'),
  'version-too-large': rule(
    'error',
    ALL,
    'Its version is above 9223372036854775807, the highest that a table can hold',
    'Give it a smaller number',
  ),
  'ignored-name': rule(
    'warning',
    ALL,
    'It looks like a migration, and is passed over because of its name',
    'Call it <number>_<name>.up.<ending> or .down.<ending>',
  ),
  'unknown-rule': rule(
    'warning',
    ALL,
    'A comment ignores a rule that does not exist',
    'See the list of rules for its name',
  ),
  'late-version': rule(
    'warning',
    ALL,
    'Its version is below the database’s, and it was never applied',
    'Give it a number above, or let the target’s policy apply late ones',
  ),
  'down-missing': rule('warning', ALL, 'There is no way back', 'Add the .down. file, or `-- +job irreversible`'),
  'down-empty': rule(
    'warning',
    SQL,
    'The way back does nothing',
    'Take back what the .up. file does, or say `-- +job irreversible`',
  ),
  'down-not-inverse': rule(
    'warning',
    SQL,
    'The way back leaves something that the way there made',
    'Drop it in the .down. file',
  ),
  crlf: rule(
    'warning',
    ALL,
    'It has Windows’ line ends, which become part of texts and of procedures’ bodies',
    'Write it with LF, and say `*.sql text eol=lf` in .gitattributes',
  ),
  'own-transaction': rule(
    'warning',
    SQL,
    'It has a transaction of its own, so its stamp is not part of it',
    'Leave BEGIN and COMMIT out: a file runs in one transaction where the database allows it',
  ),
  'update-without-backfill': rule(
    'warning',
    SQL,
    'It changes all rows of a table at once, and locks them until the file is over',
    'Make it a file of its own in pages: `-- +job backfill <table> by <key>`',
  ),
  'require-concurrent-index-creation': rule(
    'error',
    PG,
    'An index is built while writers wait',
    'CREATE INDEX CONCURRENTLY, in a file of its own',
  ),
  'require-concurrent-index-deletion': rule(
    'error',
    PG,
    'Everybody who uses the index’s table waits',
    'DROP INDEX CONCURRENTLY, in a file of its own',
  ),
  'require-concurrent-reindex': rule(
    'error',
    PG,
    'Everybody who uses the table waits while its indexes are built',
    'REINDEX (CONCURRENTLY), in a file of its own',
  ),
  'require-concurrent-partition-detach': rule(
    'error',
    PG,
    'Everybody who uses the partitioned table waits',
    'DETACH PARTITION ... CONCURRENTLY, in a file of its own',
  ),
  'ban-concurrent-index-creation-in-transaction': rule(
    'error',
    PG,
    'An index is built concurrently in a file with other statements, or in a transaction, where PostgreSQL refuses it',
    'Give it a file of its own',
  ),
  'adding-required-field': rule(
    'error',
    ['postgres', 'sqlite'],
    'A column that must not be null is added without a default: it fails where there are rows',
    'Give it a default, or add it without NOT NULL',
  ),
  'adding-field-with-default': rule(
    'error',
    PG,
    'The table is written anew for a value that is computed for every row',
    'Add the column without a default, set the default, and fill the rows in pages',
  ),
  'adding-foreign-key-constraint': rule(
    'error',
    PG,
    'Writers of both tables wait while all rows are looked up',
    'ADD CONSTRAINT ... NOT VALID, and VALIDATE CONSTRAINT in a later file',
  ),
  'constraint-missing-not-valid': rule(
    'error',
    PG,
    'A constraint is checked on all rows while others wait',
    'ADD CONSTRAINT ... NOT VALID, and VALIDATE CONSTRAINT in a later file',
  ),
  'adding-not-nullable-field': rule(
    'error',
    PG,
    'All rows are read while everybody waits',
    'Add CHECK (... IS NOT NULL) NOT VALID, validate it in a later file, then SET NOT NULL',
  ),
  'disallowed-unique-constraint': rule(
    'error',
    PG,
    'An index is built while everybody waits',
    'CREATE UNIQUE INDEX CONCURRENTLY, then ADD CONSTRAINT ... UNIQUE USING INDEX',
  ),
  'adding-serial-primary-key-field': rule(
    'error',
    PG,
    'A primary key’s index is built while everybody waits',
    'CREATE UNIQUE INDEX CONCURRENTLY, then ADD CONSTRAINT ... PRIMARY KEY USING INDEX',
  ),
  'changing-column-type': rule(
    'error',
    PG,
    'The table is written anew while everybody waits, and code that expects the old type breaks',
    'Add a column of the new type, fill it in pages, and change over',
  ),
  'renaming-column': rule(
    'error',
    SQL,
    'Code that runs meanwhile knows the old name alone',
    'Add a column, write to both, and drop the old one in a later release',
  ),
  'renaming-table': rule(
    'error',
    SQL,
    'Code that runs meanwhile knows the old name alone',
    'Keep the old name, or leave a view of that name',
  ),
  'ban-drop-column': rule('warning', SQL, 'Code that still uses the column breaks, and its values are gone', EXPAND),
  'ban-drop-table': rule('warning', SQL, 'Code that still uses the table breaks, and its rows are gone', EXPAND),
  'ban-drop-database': rule('error', SQL, 'A whole database is gone', 'Drop databases by hand'),
  'ban-drop-not-null': rule(
    'warning',
    PG,
    'Code that counts on a value may find none',
    'Let the code take nulls first',
  ),
  'ban-truncate-cascade': rule(
    'error',
    PG,
    'All tables that refer to it are emptied, too',
    'Name the tables one by one',
  ),
  'transaction-nesting': rule(
    'error',
    PG,
    'BEGIN within a transaction, or an end without a beginning: PostgreSQL warns and goes on',
    'One BEGIN and one COMMIT, or none',
  ),
  'ban-uncommitted-transaction': rule(
    'error',
    PG,
    'A transaction is begun and never ended',
    'Leave BEGIN out, or add COMMIT',
  ),
  'identifier-too-long': rule('warning', PG, 'PostgreSQL cuts names to 63 bytes', 'Take a shorter name'),
  'prefer-bigint-over-int': rule(
    'warning',
    PG,
    'It ends at 2,147,483,647, and a change of its type later rewrites the table',
    'bigint',
  ),
  'prefer-identity': rule(
    'warning',
    PG,
    'A serial’s sequence has rights and an owner of its own',
    'bigint GENERATED ALWAYS AS IDENTITY',
  ),
  'prefer-text-field': rule(
    'warning',
    PG,
    'A shorter limit later reads all rows while everybody waits',
    'text, with a check where a limit is needed',
  ),
  'prefer-timestamp-tz': rule('warning', PG, 'It does not say which moment is meant', 'timestamptz'),
  'mixed-ddl-dml': rule(
    'warning',
    MYSQL,
    'It changes the schema and rows: MySQL commits at each change of the schema, so there is no way back from the middle',
    'Two files',
  ),
  'several-ddl-statements': rule(
    'warning',
    MYSQL,
    'It changes the schema several times, and MySQL commits each by itself',
    'One file for each',
  ),
  'copy-algorithm': rule(
    'warning',
    MYSQL,
    'The table is likely to be copied while writers wait',
    'Say ALGORITHM=INPLACE or INSTANT, so that it is refused rather than copied; or use a tool such as gh-ost',
  ),
} as const satisfies Record<string, Rule>;

export type RuleId = keyof typeof RULES;

/** No comment silences these: whatever lint said, the runner would still refuse the file. */
export const CERTAIN: ReadonlySet<RuleId> = new Set<RuleId>([
  ...(['bad-directive', 'duplicate-version', 'not-utf8', 'version-too-large'] as const),
]);

/** Rules of squawk that are none of ours: whoever ignores one means squawk. `require-lock-timeout` has nothing to say here, since every target sets one. */
export const OF_SQUAWK: ReadonlySet<string> = new Set([
  ...['prefer-robust-stmts', 'require-lock-timeout', 'require-statement-timeout', 'require-timeout-settings'],
  ...['prefer-bigint-over-smallint', 'ban-char-field', 'ban-create-domain-with-constraint', 'require-table-schema'],
  ...['ban-alter-domain-with-add-constraint', 'prefer-big-int', 'require-enum-value-ordering'],
]);
