import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isAppError } from '../errors.ts';
import { bundleOf } from './bundle.ts';
import { readDirectives } from './directives.ts';

const NONE = { noTransaction: false, irreversible: false };

function assertRefused(text: string, detail: string): void {
  assert.throws(
    () => readDirectives('1_a.up.sql', text),
    (error) => {
      assert.ok(isAppError(error, 'migration_refused'));
      assert.equal(error.message, `1_a.up.sql, ${detail}`);
      return true;
    },
  );
}

test('a file says at its head how it is to be run', () => {
  const text =
    '-- +job no-transaction\n-- +job lock-timeout 5s\n--+job  statement-timeout  250ms \r\n-- +job irreversible\nselect 1;';
  assert.deepEqual(readDirectives('f', text), {
    noTransaction: true,
    irreversible: true,
    lockTimeoutMs: 5000,
    statementTimeoutMs: 250,
  });
  for (const [said, ms] of [
    ['0s', 0],
    ['1m', 60_000],
    ['2h', 7_200_000],
  ] as const)
    assert.equal(readDirectives('f', `-- +job statement-timeout ${said}`).statementTimeoutMs, ms);
});

test('the head ends with the first statement: empty lines and comments before it do not end it', () => {
  for (const head of [
    '',
    '\n\n',
    '\ufeff',
    '-- by Mei\r\n\r\n',
    '/* Licence\n; */ ',
    '# by Mei\n',
    '  /* a */\n-- b\n',
  ])
    assert.deepEqual(readDirectives('f', `${head}\n-- +job irreversible`), { ...NONE, irreversible: true }, head);
  for (const text of ['', 'select 1;', '-- +jobs irreversible', '-- + job irreversible', '-- about +job irreversible'])
    assert.deepEqual(readDirectives('f', text), NONE, text);
});

test('one that nobody would read is an error, not silence', () => {
  assertRefused(
    'select 1;\n-- +job irreversible\n',
    'line 2: "-- +job irreversible" must stand before the first statement',
  );
  assertRefused(
    '/*!40101 SET x */\n-- +job irreversible',
    'line 2: "-- +job irreversible" must stand before the first statement',
  );
  assertRefused('-- +job irreversible\n\n-- +job irreversible', 'line 3: "-- +job irreversible" is there twice');
});

test('an unknown one, and a value that cannot be, are named with their file and line', () => {
  const KNOWN =
    'there are no-transaction, lock-timeout, statement-timeout, irreversible, backfill, batch and rows-per-second';
  assertRefused('-- hello\n-- +job no-transactions', `line 2: there is no "-- +job no-transactions"; ${KNOWN}`);
  assertRefused('-- +job', `line 1: there is no "-- +job "; ${KNOWN}`);
  assertRefused('-- +job irreversible yes', 'line 1: "-- +job irreversible" takes no value');
  for (const value of ['', '5', '5 s', 's', '-5s', '1.5s', '5S', '5s 6s', '600h'])
    assertRefused(
      `-- +job lock-timeout ${value}`,
      'line 1: "-- +job lock-timeout" takes a duration such as 500ms, 5s, 2m or 1h, 24 days at most',
    );
  assert.throws(
    () => bundleOf({ '1_a.up.sql': '', '1_a.down.sql': '-- +job x' }),
    /^AppError: 1_a\.down\.sql, line 1: /,
  );
});

const FILL = 'UPDATE t SET a = 1 WHERE a = 0 /* +job page */;\n';

test('a backfill says its table, its key, how large a page is and how fast they come', () => {
  assert.deepEqual(readDirectives('f', `-- +job backfill t by id\n${FILL}`).backfill, {
    ...{ table: 't', key: ['id'], batch: 1_000 },
  });
  const head =
    '-- +job rows-per-second 5000\n-- +job  backfill  app."my ""orders"  by  `shop id` , nr\r\n-- +job batch 100000\n';
  assert.deepEqual(readDirectives('f', head + FILL).backfill, {
    ...{ table: 'app."my ""orders"', key: ['`shop id`', 'nr'], batch: 100_000, rowsPerSecond: 5_000 },
  });
});

test('a backfill that could not be run as it says is refused with its file', () => {
  for (const said of [
    '',
    't',
    't by',
    'by id',
    't by id,',
    't by id id',
    't by id, id',
    't id',
    't; by id',
    'a.b.c.d by id',
    't by lower(id)',
    '"t by id',
    't by id -- x',
  ])
    assertRefused(
      `-- +job backfill ${said}\n${FILL}`,
      'line 1: "-- +job backfill" takes a table and its key, such as "orders by id" or "app.orders by shop, id"',
    );
  for (const value of ['', '0', '-1', '1.5', '1e3', '01', '100001', '1 2'])
    assertRefused(
      `-- +job backfill t by id\n-- +job batch ${value}\n${FILL}`,
      'line 2: "-- +job batch" takes a whole number from 1 to 100000',
    );
  for (const value of ['', '0', '-5', '0.5', 'fast'])
    assertRefused(
      `-- +job rows-per-second ${value}\n${FILL}`,
      'line 1: "-- +job rows-per-second" takes a whole number from 1',
    );
  const refused = (text: string, why: RegExp) => assert.throws(() => readDirectives('1_a.up.sql', text), why);
  refused(`-- +job batch 5\n${FILL}`, /1_a\.up\.sql: "-- \+job batch" and "-- \+job rows-per-second" are for a/);
  refused(`-- +job no-transaction\n-- +job backfill t by id\n${FILL}`, /1_a\.up\.sql: .* exclude each other/);
  refused('-- +job backfill t by id\nUPDATE t SET a = 1 WHERE a = 0;', /1_a\.up\.sql, line 2: .*needs the comment/);
});

test('any text without them has none', () => {
  const line = fc.constantFrom('', ' ', 'select 1;', '-- x', '/* y', '*/', '# z', '$$', "'", '\r');
  fc.assert(fc.property(fc.array(line), (lines) => assert.deepEqual(readDirectives('f', lines.join('\n')), NONE)));
});
