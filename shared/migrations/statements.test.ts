import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type Dialect, splitStatements } from './statements.ts';

const split = (text: string, dialect: Dialect) => splitStatements(text, dialect).map(({ sql }) => sql);

/** Statements that hold a semicolon where it ends nothing. */
const WHOLE: Record<Dialect, string[]> = {
  mysql: [
    'INSERT INTO a VALUES (\'x;y\', "p;q", `r;s`)',
    "INSERT INTO a VALUES ('it''s; \\'; \\\\', 'b')",
    'SELECT 5--1',
    'SELECT 1 /* ; */ + 2 -- ;\n + 3 # ;\n + 4',
    '/*!50003 CREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW BEGIN SET @x = 1; END */',
    'CREATE PROCEDURE p() BEGIN SELECT 1; BEGIN SELECT 2; END; END',
    "CREATE DEFINER=`a;`@'%' PROCEDURE p() BEGIN IF 1 THEN SELECT 1; ELSEIF 2 THEN SELECT IF(1, 2, 3); ELSE SELECT 3; END IF; END",
    'CREATE OR REPLACE DEFINER = CURRENT_USER() FUNCTION f(x int) RETURNS int RETURN CASE WHEN x THEN 1 ELSE IF(x, 2, 3) END',
    'CREATE PROCEDURE p() BEGIN CASE 1 WHEN 1 THEN SELECT 1; ELSE BEGIN END; END CASE; SELECT 2; END',
    'CREATE PROCEDURE p() BEGIN a: LOOP LEAVE a; END LOOP a; WHILE 0 DO SELECT 1; END WHILE; REPEAT SELECT REPEAT(1, 2); UNTIL 1 END REPEAT; END',
    'CREATE PROCEDURE p() BEGIN DECLARE CONTINUE HANDLER FOR NOT FOUND SET @x = 1; FOR i IN 1..2 DO SELECT i; END FOR; SELECT 1 FOR UPDATE; END',
    'CREATE PROCEDURE p() BEGIN DROP TABLE IF EXISTS a; CREATE TABLE IF NOT EXISTS a (start int, end int); IF NOT EXISTS (SELECT 1) THEN SELECT 1; END IF; END',
    'CREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW IF NEW.end > NEW.begin THEN SET NEW.end = 1; END IF',
    'CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO BEGIN DELETE FROM a; SELECT 1; END',
    'CREATE TABLE `procedure` (`begin` int)',
    'CREATE TABLE a (event int, begin int)',
    'BEGIN NOT ATOMIC SELECT 1; SELECT 2; END',
    'BEGIN',
    'START TRANSACTION',
  ],
  sqlite: [
    "INSERT INTO a VALUES ('x;''y', \"p;q\", `r;s`, [t;u])",
    "INSERT INTO a VALUES ('\\')",
    'SELECT 5--1;\n + 1 /* ; */ + 2',
    'CREATE TRIGGER t AFTER INSERT ON a BEGIN UPDATE a SET x = CASE WHEN 1 THEN 2 END; SELECT 1; END',
    'CREATE TEMP TRIGGER IF NOT EXISTS t AFTER INSERT ON a BEGIN SELECT 1; END',
    'BEGIN',
    'END',
    'CREATE TABLE trigger_begin (x)',
  ],
};

for (const dialect of ['mysql', 'sqlite'] as const)
  describe(`statements of ${dialect}`, () => {
    const gap = fc.constantFrom(
      '',
      ' ',
      '\n',
      '\r\n\t',
      '-- a; b\n',
      "/* ; ' */",
      ...(dialect === 'mysql' ? ['# ;"\n'] : []),
    );
    const between = fc.array(gap, { maxLength: 3 }).map((gaps) => gaps.join(''));
    const piece = fc.tuple(between, fc.constantFrom(...WHOLE[dialect]), between, fc.constantFrom(';', ';;', '; ;'));

    it('finds each statement by itself', () => {
      for (const sql of WHOLE[dialect]) assert.deepEqual(split(sql, dialect), [sql]);
    });

    it('finds again what was joined, with comments and empty statements between', () => {
      fc.assert(
        fc.property(fc.array(piece, { maxLength: 6 }), between, (pieces, last) => {
          const text = pieces.map(([before, sql, after, end]) => `${before}${sql}${after}${end}`).join('') + last;
          assert.deepEqual(
            split(text, dialect),
            pieces.map(([, sql]) => sql),
          );
        }),
        { numRuns: 500 },
      );
    });

    it('leaves out of any text at all nothing but white space, comments and delimiters, and makes no empty statement', () => {
      const token = fc.constantFrom(
        ...[
          "'",
          '"',
          '`',
          '[',
          ']',
          ';',
          '--',
          '-- ',
          '#',
          '/*',
          '*/',
          '/*!',
          '\\',
          '\n',
          ' ',
          'a',
          'é',
          '(',
          ')',
          ',',
        ],
        ...['CREATE ', 'TRIGGER ', 'PROCEDURE ', 'BEGIN ', 'END', 'IF ', 'CASE ', 'SELECT 1', 'DELIMITER ', '//'],
      );
      const noise = fc
        .array(fc.oneof(token, fc.string({ maxLength: 3 })), { maxLength: 40 })
        .map((all) => all.join(''));
      fc.assert(
        fc.property(noise, (text) => {
          let at = 0;
          let gaps = '';
          for (const { sql, start, end, line } of splitStatements(text, dialect)) {
            assert.ok(sql.trim() !== '' && start >= at && text.slice(start, end) === sql);
            assert.equal(line, text.slice(0, start).split('\n').length);
            gaps += `${text.slice(at, start)}\0`;
            at = end;
          }
          gaps += text.slice(at);
          // A delimiter of its own may be any text, which says nothing to whoever has not read its line.
          if (/delimiter/i.test(text)) return;
          for (const between of gaps.split('\0')) assert.deepEqual(split(between, dialect), []);
        }),
        { numRuns: 2_000 },
      );
    });
  });

describe('statements of mysql with DELIMITER', () => {
  it('obeys the lines and leaves them out', () => {
    const text = `SELECT 1;\r\nDELIMITER //\r\nCREATE PROCEDURE p() BEGIN SELECT ';//'; END//\ndelimiter ;\nSELECT 2;DELIMITER $$ \nSELECT 3; SELECT 4 $$ SELECT 5`;
    assert.deepEqual(split(text, 'mysql'), [
      ...['SELECT 1', "CREATE PROCEDURE p() BEGIN SELECT ';//'; END", 'SELECT 2', 'SELECT 3; SELECT 4', 'SELECT 5'],
    ]);
  });

  it('ends at the delimiter wherever it stands outside of quotes and comments, also in a word', () => {
    const body = "CREATE PROCEDURE p() BEGIN SELECT '$$', `$$` /* $$ */; -- $$\nSELECT 1; END";
    assert.deepEqual(split(`DELIMITER $$\n${body}$$\n${body} $$ ${body};$$DELIMITER ;\nSELECT 2;SELECT 3`, 'mysql'), [
      ...[body, body, `${body};`, 'SELECT 2', 'SELECT 3'],
    ]);
    assert.deepEqual(split('DELIMITER go\nSELECT 1 AS cargo\nSELECT 2go', 'mysql'), ['SELECT 1 AS car', 'SELECT 2']);
    assert.deepEqual(split('DELIMITER $$;\nSELECT a$$, 1$$;', 'mysql'), ['SELECT a$$, 1']);
    assert.deepEqual(split('SELECT a$$, 1; SELECT 2', 'mysql'), ['SELECT a$$, 1', 'SELECT 2']);
  });

  it('takes for a delimiter what would begin a comment, and takes quotes off', () => {
    for (const line of ['#', '--', "'//'", '"$$"', '`|`', '//\t-- so']) {
      const delimiter = /^['"`]?([^'"`\t]+)/.exec(line)?.[1];
      const text = `DELIMITER ${line}\nSELECT 1; ${delimiter}\nSELECT 2${delimiter}delimiter ';'\nSELECT 3;SELECT 4`;
      assert.deepEqual(split(text, 'mysql'), ['SELECT 1;', 'SELECT 2', 'SELECT 3', 'SELECT 4'], line);
    }
  });

  it('finds again what was joined by any delimiter, glued to it or not', () => {
    const delimiters = fc.oneof(
      fc.constantFrom('$$', '//', '|', ';;', '$', '$$;', '@@', '^', 'é$', '😀', '#', '--'),
      fc.stringMatching(/^[$|@~^Zß]{1,4}$/),
    );
    const piece = fc.tuple(fc.constantFrom(...WHOLE.mysql), fc.constantFrom('', ';'), fc.constantFrom('', ' ', '\n'));
    fc.assert(
      fc.property(delimiters, fc.array(piece, { maxLength: 5 }), (delimiter, all) => {
        const hidden = /'(?:[^'\\]|\\.)*'|"[^"]*"|`[^`]*`|\/\*[\s\S]*?\*\/|-- .*|# .*/g;
        // What holds it as code is several statements, and `;` runs into `;;`.
        const pieces = all
          .map(([sql, end, gap]) => ({ sql: delimiter.startsWith(';') ? sql : sql + end, gap }))
          .filter(({ sql }) => !sql.replace(hidden, ' ').includes(delimiter))
          .filter(({ sql }) => !(/^(?:#|--)$/.test(delimiter) && sql.includes(delimiter)));
        const joined = pieces.map(({ sql, gap }) => `${sql}${gap}${delimiter}${gap}`).join('');
        assert.deepEqual(split(`DELIMITER ${delimiter}\n${joined}\nDELIMITER ;\nSELECT 1;SELECT 2`, 'mysql'), [
          ...pieces.map(({ sql }) => sql),
          ...['SELECT 1', 'SELECT 2'],
        ]);
      }),
      { numRuns: 500 },
    );
  });

  it('knows none in SQLite, and no column of that name', () => {
    assert.deepEqual(split('DELIMITER //\nSELECT 1//', 'sqlite'), ['DELIMITER //\nSELECT 1//']);
    assert.deepEqual(split('SELECT 1 AS\ndelimiter ;SELECT 2', 'mysql'), ['SELECT 1 AS\ndelimiter', 'SELECT 2']);
  });
});
