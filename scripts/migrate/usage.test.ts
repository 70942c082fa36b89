import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { HelpWanted, UsageError } from '../command/usage.ts';
import { GoUsage, readGoTyped, USAGE } from './compat-usage.ts';
import { AddressError, readDatabaseUrl } from './database-url.ts';
import { exitCodeOf, exitCodeOfStatus } from './exit-codes.ts';
import { goDuration } from './go-texts.ts';
import { readTyped } from './usage.ts';

/** A call, and what its one line must say. */
const WRONG: [typed: string, says: RegExp][] = [
  ['', /name a command: status/],
  ['migrate', /no command migrate/],
  ['toString', /no command toString/],
  ['up 0', /up takes/],
  ['up -1', /^up takes a whole number from 1 to 1000000, not "-1"$/],
  ['up none', /not "none"$/],
  ['force none', /not "none"$/],
  ['down -20', /^down takes .* not "-20"$/],
  ['status -1', /^what is "-1" for/],
  ['history --limit -1', /^--limit takes .* not "-1"$/],
  ['rollout up -1', /^up takes .* not "-1"$/],
  ['up 1.5', /up takes/],
  ['up 1 2', /"2"/],
  ['down', /down needs a number/],
  ['goto', /goto needs a version/],
  ['goto -1', /down leads there/],
  ['baseline -1', /for force alone/],
  ['force 18446744073709551616', /whole number/],
  ['redo 1', /"1"/],
  ['rebless 1 2', /"2"/],
  ['rebless -1', /for force alone/],
  ['rebless x', /whole number/],
  ['plan status', /plan is for/],
  ['plan down', /down needs a number/],
  ['status all', /"all"/],
  ['cancel', /cancel needs/],
  ['pause', /pause needs/],
  ['resume a/b', /resume needs/],
  ['up --max-cost much', /--max-cost takes/],
  ['status --max-cost 1', /--max-cost is not for status/],
  ['create', /create needs/],
  ['up --yes', /--yes is not for up/],
  ['status --dry-run', /--dry-run is not for status/],
  ['up --limit 3', /--limit is not for up/],
  ['history --limit 501', /--limit takes/],
  ['up --target A', /target's name/],
  ['up --lock-timeout 0s', /--lock-timeout/],
  ['up --lock-timeout 11m', /--lock-timeout/],
  ['up --lock-timeout soon', /--lock-timeout/],
  ['up --loud', /--loud/],
];

const words = (typed: string) => typed.split(' ').filter(Boolean);

describe('the id of a run or rollout', () => {
  it('may begin with a hyphen', () => {
    const made = '-YBNOfydgH27tt6aJ_c4w-xk';
    const paused = readTyped(['pause', made, '--json']);
    assert.deepEqual(paused, { json: true, yes: false, does: 'pause', run: made });
    const shown = readTyped(['rollout', 'show', made]);
    assert.deepEqual(shown, { json: false, yes: false, does: 'rollout of', verb: 'show', rollout: made });
    assert.throws(() => readTyped(['status', '-x']), UsageError);
  });
});

describe('what is typed', () => {
  it('is refused in one line where it makes no sense', () => {
    for (const [typed, says] of WRONG)
      assert.throws(
        () => readTyped(words(typed)),
        (error) => error instanceof UsageError && says.test(error.message) && !error.message.includes('\n'),
        typed,
      );
    assert.throws(() => readTyped(['up', '-h']), HelpWanted);
  });

  it('is understood', () => {
    const common = { json: false, yes: false };
    assert.deepEqual(readTyped(words('up')), { ...common, does: 'run', command: { command: 'up' } });
    assert.deepEqual(readTyped(words('up 2 --target a-1 --json --lock-timeout 500ms')), {
      ...{ ...common, json: true, target: 'a-1', does: 'run', lockTimeoutMs: 500 },
      command: { command: 'up', steps: 2 },
    });
    assert.deepEqual(readTyped(words('force -1')), {
      ...{ ...common, does: 'run', command: { command: 'force', version: undefined } },
    });
    assert.deepEqual(readTyped(words('goto 1481574547123456789 --dry-run')), {
      ...{ ...common, does: 'plan', command: { command: 'goto', version: 1481574547123456789n } },
    });
  });

  it('ends with the code that tells what happened', () => {
    const codes = ['lease_held', 'migration_dirty', 'migration_failed', 'unavailable'].map(exitCodeOf);
    assert.deepEqual(codes, [5, 6, 1, 1]);
    const fine = { dirty: false, pending: 0 };
    const pending = { dirty: false, pending: 1 };
    const dirty = { dirty: true, pending: 1 };
    const all = [[fine], [fine, pending], [pending, dirty], [dirty, { error: {} }]];
    assert.deepEqual(all.map(exitCodeOfStatus), [0, 4, 6, 1]);
  });
});

/** Frozen: golang-migrate's internal/cli. */
const GO: [typed: string, code: number, says: RegExp | string][] = [
  ['', 2, USAGE],
  ['bogus', 2, USAGE],
  ['-help', 0, USAGE],
  ['-nope up', 2, /^flag provided but not defined: -nope\nUsage: migrate/],
  ['-path', 2, /^flag needs an argument: -path\n/],
  ['force -1', 2, /^flag provided but not defined: -1\nUsage of force:/],
  ['force', 1, 'error: please specify version argument V'],
  ['force x', 1, "error: can't read version argument V"],
  ['force -- -2', 1, 'error: argument V must be >= -1'],
  ['goto', 1, 'error: please specify version argument V'],
  ['goto x', 1, "error: can't read version argument V"],
  ['up x', 1, "error: can't read limit argument N"],
  ['down x', 1, "error: can't read limit argument N"],
  ['down 1 2', 1, 'error: too many arguments'],
  ['down -all 1', 1, 'error: -all cannot be used with other arguments'],
  ['create', 1, 'error: please specify name'],
  ['create x', 1, 'error: -ext flag must be specified'],
];

describe("golang-migrate's command line", () => {
  it('is refused with its words and codes', () => {
    for (const [typed, code, says] of GO)
      assert.throws(
        () => readGoTyped(words(typed)),
        (error) =>
          error instanceof GoUsage &&
          error.code === code &&
          (typeof says === 'string' ? error.message === says : says.test(error.message)),
        typed,
      );
  });

  it('reads options as Go does', () => {
    const common = { path: 'm', database: 'd', lockTimeoutMs: 2_000 };
    const typed = '-path m --database=d -lock-timeout 2 -verbose force -- -1';
    assert.deepEqual(readGoTyped(words(typed)), { ...common, command: 'force' });
    assert.deepEqual(readGoTyped(['-help=false', '-path', 'm', '-database', 'd', '-lock-timeout=2', 'up', '3']), {
      ...{ ...common, command: 'up', limit: 3 },
    });
  });

  it('prints times as Go does', () => {
    const TIMES: [ms: number, text: string][] = [
      ...([
        [0, '0s'],
        [0.0005, '500ns'],
        [0.0015, '1.5µs'],
        [29.6121, '29.6121ms'],
      ] as [number, string][]),
      ...([
        [1_000, '1s'],
        [1_500.25, '1.50025s'],
        [61_000, '1m1s'],
        [3_600_000, '1h0m0s'],
      ] as [number, string][]),
    ];
    assert.deepEqual(
      TIMES.map(([ms]) => goDuration(ms)),
      TIMES.map(([, text]) => text),
    );
  });
});

describe('an address of golang-migrate', () => {
  const addressOf = (text: string) => readDatabaseUrl(text).address;

  it("becomes our drivers'", () => {
    assert.equal(
      addressOf('pgx5://u:p@h:1/d?sslmode=disable&x-statement-timeout=9'),
      'postgres://u:p@h:1/d?sslmode=disable',
    );
    assert.equal(addressOf('mysql://u:p@tcp(h:1)/d?tls=true'), 'mysql://u:p@h:1/d?tls=true');
    assert.equal(addressOf('mysql://root@tcp(127.0.0.1:3306)/d'), 'mysql://root@127.0.0.1:3306/d');
    assert.equal(addressOf('sqlite3:///a/b.db?x-no-tx-wrap=true'), '/a/b.db');
    const read = readDatabaseUrl(
      'postgres://h/d?x-migrations-table=t&x-statement-timeout=9&x-other=1&x-multi-statement=1',
    );
    assert.deepEqual([read.table, read.statementTimeoutMs, read.unused], ['t', 9, ['x-other']]);
  });

  it('is refused in its words, never with a password', () => {
    const REFUSED: [text: string, says: string][] = [
      ['', 'failed to parse scheme from database URL: URL cannot be empty'],
      ['nowhere', 'failed to parse scheme from database URL: no scheme'],
      [
        'oracle://me:hunter2@h/d',
        'failed to open database: database driver: unknown driver oracle (forgotten import?)',
      ],
      ['mysql://me:hunter2@unix(/s)/d', 'failed to open database: sockets are not supported, name a host'],
      ['postgres://me:hunter2@[/d', 'failed to open database: invalid address'],
    ];
    for (const [text, says] of REFUSED)
      assert.throws(
        () => readDatabaseUrl(text),
        (error) => error instanceof AddressError && error.message === says,
      );
  });

  it('keeps any user and password of MySQL, and names the same database the same whoever asks', () => {
    const word = fc
      .string({ minLength: 1, maxLength: 12 })
      .filter((text) => !/[%:?#]/.test(text) && text.isWellFormed());
    fc.assert(
      fc.property(word, word, (user, password) => {
        const read = readDatabaseUrl(`mysql://${user}:${password}@tcp(h:1)/d`);
        const url = new URL(read.address);
        assert.deepEqual([url.username, url.password].map(decodeURIComponent), [user, password]);
        assert.deepEqual([url.host, url.pathname, read.id], ['h:1', '/d', readDatabaseUrl('mysql://tcp(h:1)/d').id]);
      }),
    );
  });
});
