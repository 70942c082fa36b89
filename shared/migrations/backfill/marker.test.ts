import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { hasSqlDetails, loadModule, parseSync } from '../libpg-query-client.ts';
import { pageStatement } from './marker.ts';
import type { SqlDialect } from './tokens.ts';

const BACKFILL = { table: 'orders', key: ['id'], batch: 1 };
const DIALECTS = ['postgres', 'mysql', 'sqlite'] as const;
const read = (text: string, dialect: SqlDialect = 'postgres') =>
  pageStatement({ file: '1_a.up.sql', text }, BACKFILL, dialect);
const within = (text: string, dialect?: SqlDialect) => read(text, dialect).within('B');

describe('the marker of a page', () => {
  it('gives way to the bounds, behind the whole of the condition', () => {
    for (const dialect of DIALECTS)
      assert.equal(
        within("-- x\nUPDATE orders SET a = ';' WHERE a = 1 OR b /*+job   page*/ ; -- end\n", dialect),
        "UPDATE orders SET a = ';' WHERE ( a = 1 OR b ) AND (B) ",
      );
    assert.equal(
      within(
        'WITH gone AS (DELETE FROM orders WHERE a /* +job page */ RETURNING *) INSERT INTO old SELECT * FROM gone',
      ),
      'WITH gone AS (DELETE FROM orders WHERE ( a ) AND (B)  RETURNING *) INSERT INTO old SELECT * FROM gone',
    );
    assert.equal(
      within('INSERT INTO old SELECT * FROM orders WHERE (x) /* +job page */ ON CONFLICT DO NOTHING;'),
      'INSERT INTO old SELECT * FROM orders WHERE ( (x) ) AND (B)  ON CONFLICT DO NOTHING',
    );
  });

  it('is refused where the bounds would hold for a part of the rows, or for none', () => {
    for (const [text, line, why] of [
      ['UPDATE orders SET a = 1 WHERE b', 1, 'needs the comment'],
      ["UPDATE orders SET a = '/* +job page */' WHERE b", 1, 'needs the comment'],
      ['UPDATE orders SET a = 1\n-- WHERE b /* +job page */', 1, 'needs the comment'],
      ['UPDATE orders SET a = 1\nWHERE b\n/* +job page */ /* +job page */', 3, 'is there twice'],
      ['UPDATE orders SET a = 1 WHERE b /* +job page */;\nSELECT 1', 2, 'another one begins here'],
      ['UPDATE orders SET a = 1 /* +job page */', 1, 'must stand behind a condition'],
      ['UPDATE orders SET a = 1 WHERE /* +job page */', 1, 'must stand behind a condition'],
      ['UPDATE orders SET a = 1 WHERE c OR (b /* +job page */)', 1, 'must stand behind a condition'],
      ['UPDATE orders SET a = (SELECT 1 WHERE x) /* +job page */', 1, 'must stand behind a condition'],
      ['UPDATE orders SET a = 1 WHERE b /* +job page */ OR c', 1, 'may stand behind'],
      [
        'INSERT INTO old SELECT * FROM a WHERE b UNION ALL SELECT * FROM orders WHERE c /* +job page */',
        1,
        'UNION cannot',
      ],
      ['DELETE FROM orders WHERE b /* +job page */ ORDER BY id LIMIT 5', 1, 'LIMIT cannot'],
      ['SELECT * FROM orders WHERE b /* +job page */', 1, 'is an UPDATE, DELETE or INSERT'],
      ['', 1, 'is an UPDATE, DELETE or INSERT'],
      ['UPDATE orders SET a = 1, "ID" = id + 1 WHERE b /* +job page */', 1, 'cannot change the columns'],
      ['UPDATE orders o SET o.id = 1 WHERE b /* +job page */', 1, 'cannot change the columns'],
      ['INSERT INTO "orders" (a) SELECT a FROM orders WHERE b /* +job page */', 1, 'would never end'],
    ] as const)
      for (const dialect of DIALECTS)
        assert.throws(
          () => read(text, dialect),
          (error: Error) => error.message.startsWith(`1_a.up.sql, line ${line}: `) && error.message.includes(why),
          `${dialect}: ${text}`,
        );
  });

  it('is refused in brackets that change rows of other pages too', () => {
    const inner = (before: string, after = '') => `${before} (SELECT id FROM orders WHERE b /* +job page */)${after}`;
    for (const text of [
      inner('UPDATE orders SET a ='),
      inner('UPDATE orders SET c = 1, a =', ' WHERE b'),
      inner('DELETE FROM orders WHERE id NOT IN'),
      inner('DELETE FROM orders WHERE NOT EXISTS'),
      inner('DELETE FROM orders WHERE id > ALL'),
      inner('DELETE FROM orders WHERE c OR id IN'),
      inner('DELETE FROM orders WHERE id IN', ' OR c'),
      inner('INSERT INTO old SELECT id,', ' FROM orders'),
      inner('INSERT INTO old VALUES ((1),', ')'),
      inner('INSERT INTO old SELECT * FROM a LEFT JOIN', ' o ON true'),
      'INSERT INTO old SELECT * FROM orders WHERE b ON CONFLICT (id) DO UPDATE SET a = 1 WHERE c /* +job page */',
    ])
      for (const dialect of DIALECTS)
        assert.throws(() => read(text, dialect), /does not bound|bounds none/, `${dialect}: ${text}`);
    for (const text of [
      inner('DELETE FROM orders WHERE c IS NOT NULL AND id IN'),
      inner('UPDATE orders SET a = 1 FROM', ' o WHERE o.id = orders.id'),
      inner('UPDATE orders JOIN', ' o ON o.id = orders.id SET a = 1'),
      inner('WITH ids AS', ' UPDATE orders SET a = 1 FROM ids WHERE ids.id = orders.id'),
      inner('INSERT INTO old'),
    ])
      for (const dialect of DIALECTS) read(text, dialect);
  });

  it('may compare the key with what it likes', () => {
    read('UPDATE orders SET a = id, b = (id = 1) WHERE id = 5 AND orders.id = 5 /* +job page */');
    read('INSERT INTO archive.orders SELECT * FROM orders WHERE b /* +job page */');
  });

  it('is not what a string, a body or another comment holds', () => {
    const fakes = {
      postgres: [
        "E'\\'/* +job page */'",
        '$$ /* +job page */ $$',
        '$a$ $$ /* +job page */ $a$',
        '/* /* */ /* +job page */ */ 1',
        '"/* +job page */"',
      ],
      mysql: [
        "'\\'/* +job page */'",
        '"/* +job page */"',
        '`/* +job page */`',
        '# /* +job page */\n 1',
        '/*! /* +job page */ 1 */',
      ],
      sqlite: ["'\\'", '[/* +job page */]', "'/* +job page */'''", '-- /* +job page */\n 1'],
    };
    for (const dialect of DIALECTS)
      for (const fake of fakes[dialect])
        assert.equal(
          within(`UPDATE orders SET a = 1 WHERE a = ${fake} /* +job page */`, dialect),
          `UPDATE orders SET a = 1 WHERE ( a = ${fake} ) AND (B) `,
        );
  });

  it("stands, whatever the condition is, beside it at the top of PostgreSQL's own reading", async () => {
    await loadModule();
    const operand = fc.constantFrom(
      ...[
        'a = 1',
        "b = ';'",
        "c = '/* +job page */'",
        "d = E'\\''",
        'e = $$ where $$',
        'f in (select 1 where true or false)',
        '"where"',
      ],
      ...[
        'g between 1 and 2',
        'case when h then 1 else 2 end = 1',
        'not i',
        "j ->> 'k' is null",
        'exists (select from l limit 1)',
        '(m or n)',
      ],
    );
    const gap = fc.constantFrom(' ', '\n', ' /* or */ ', ' -- where\n', ' /* a /* b */ c */ ');
    const rest = fc.array(fc.tuple(gap, fc.constantFrom('and', 'or'), gap, operand), { maxLength: 6 });
    const tail = fc.constantFrom('', ';', ' returning *', ' returning 1 or 2;', '-- +job page\n');
    fc.assert(
      fc.property(operand, rest, gap, tail, (first, more, before, after) => {
        const condition = `${first}${more.map((one) => one.join('')).join('')}${before}`;
        const statement = within(`update orders set a = 1 where ${condition}/* +job page */${after}`).replace(
          '(B)',
          '(bounds)',
        );
        const [only, ...others] = parsed(statement);
        assert.deepEqual(others, []);
        const where = only?.stmt && 'UpdateStmt' in only.stmt ? only.stmt.UpdateStmt.whereClause : undefined;
        const { boolop, args = [] } = where && 'BoolExpr' in where ? where.BoolExpr : {};
        assert.equal(boolop, 'AND_EXPR', statement);
        assert.match(JSON.stringify(args.at(-1)), /^\{"ColumnRef":\{"fields":\[\{"String":\{"sval":"bounds"\}\}\]/);
        // All the rest is in the brackets before it, or was already an AND.
        const alone = parsed(`select where ${condition}`)[0]?.stmt;
        assert.ok(alone && 'SelectStmt' in alone);
        const places = /,?"location":\d+/g;
        const read = args.length === 2 ? args[0] : { BoolExpr: { boolop, args: args.slice(0, -1) } };
        const plain = (node: unknown) => JSON.stringify(node).replaceAll(places, '');
        assert.equal(plain(read), plain(alone.SelectStmt.whereClause), statement);
      }),
    );
  });

  it('is found or refused in any text, and nothing else ever happens', () => {
    const piece = fc.constantFrom(
      ...[
        'update ',
        'orders',
        ' set ',
        'a',
        ' = ',
        '1',
        ' where ',
        '/* +job page */',
        '/*',
        '*/',
        '--',
        '\n',
        "'",
        '"',
        '`',
        '$$',
        '$a$',
        '[',
        ']',
      ],
      ...['(', ')', ';', '#', '\\', "E'", ' or ', ' union ', ' limit ', '/*!', '🍜', '.', ',', 'id'],
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), fc.constantFrom(...DIALECTS), (pieces, dialect) => {
        try {
          const statement = within(`update orders set a = 1 where ${pieces.join('')}`, dialect);
          assert.equal(statement.split(') AND (B) ').length, 2);
        } catch (error) {
          assert.match((error as Error).message, /^1_a\.up\.sql, line \d+: /);
        }
      }),
      { numRuns: 2_000 },
    );
  });
});

function parsed(text: string) {
  try {
    return parseSync(text).stmts ?? [];
  } catch (error) {
    throw new Error(hasSqlDetails(error) ? `${error.message}: ${text}` : String(error));
  }
}
