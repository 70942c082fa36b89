import assert from 'node:assert/strict';
import test from 'node:test';
import { isAppError } from '#shared/errors.ts';
import { aLink } from '#shared/testing/links.ts';
import { readCsv } from './csv-read.ts';
import { CSV_HEADER, writeCsvRow } from './csv-write.ts';

const rows = (text: string, base?: string) => readCsv(text, base).drafts.map(({ line, row }) => ({ line, ...row }));

test('a row is a link: no column says nothing, an empty cell says none', () => {
  assert.deepEqual(
    rows('\uFEFFslug,target,status,tags\r\na,https://x.example/,301,"one, two"\r\nb,/y,,\r\n', 'https://z.example'),
    [
      { line: 2, slug: 'a', match: 'exact', target: 'https://x.example/', status: 301, tags: ['one', 'two'] },
      { line: 3, slug: 'b', match: 'exact', target: 'https://z.example/y', status: null, tags: null },
    ],
  );
});

test('line numbers hold behind quoted line ends of any kind, blank lines and letters of many bytes', () => {
  const text = 'slug,target,note\n\na,https://x.example/,"1\r\n2\n3 é"\n  ,,\n\r\nb,https://x.example/,\n';
  assert.deepEqual(
    readCsv(text, undefined).drafts.map(({ line, row }) => [line, row.slug, row.note]),
    [
      [3, 'a', '1\r\n2\n3 é'],
      [8, 'b', null],
    ],
  );
});

test('unknown and repeated columns, rows that are too long and cells that are no value are problems by line', () => {
  const text = [
    'slug,target,tagret,status,status',
    'a,https://x.example/,?,301,302',
    'b,https://x.example/,?,301,teapot',
    'c,/relative,?,301,301',
    ',https://x.example/,,,',
    'd,https://x.example/,,,,,',
  ].join('\n');
  const { drafts, problems } = readCsv(text, undefined);
  assert.deepEqual(
    drafts.map(({ row }) => [row.slug, row.status]),
    [['a', 302]],
  );
  assert.deepEqual(
    problems.map(({ line, reason }) => [line, reason.replace(/: .*/, '')]),
    [
      [1, 'the column "tagret" is no field of a link and is left out'],
      [1, 'the column status is there twice; the last one counts'],
      [3, 'status must be one of 301, 302, 307, 308'],
      [4, 'has a relative target, and no base was given to resolve it'],
      [5, 'has no slug'],
      [6, 'has 7 cells under 5 columns'],
    ],
  );
});

test('a spreadsheet of any country is read: semicolons or tabs, and header names in any case', () => {
  const expected = [
    { line: 2, slug: 'a', match: 'exact', target: 'https://x.example/?a;b,c', clickLimit: 5, tags: ['one', 'two'] },
    { line: 3, slug: 'b', match: 'exact', target: 'https://y.example/', clickLimit: null, tags: null },
  ];
  for (const [delimiter, header] of [
    [',', ' Slug ,TARGET,clicklimit,Tags'],
    [';', '"slug";Target; ClickLimit;tags '],
    ['\t', 'slug\tTarget\t"CLICKLIMIT"\ttags'],
  ] as const) {
    const a = ['a', '"https://x.example/?a;b,c"', '5', '"one,two"'].join(delimiter);
    const b = ['b', 'https://y.example/', '', ''].join(delimiter);
    const { drafts, problems } = readCsv(`\uFEFF${[header, a, b].join('\r\n')}`, undefined);
    assert.deepEqual(
      drafts.map(({ line, row }) => ({ line, ...row })),
      expected,
      JSON.stringify(delimiter),
    );
    assert.deepEqual(problems, []);
  }
  assert.deepEqual(readCsv('\n;;\n"a,b,c";slug;target\nx;y;https://z.example/\n', undefined).drafts[0]?.row.slug, 'y');
  assert.equal(
    readCsv('slug,SLUG,target\n', undefined).problems[0]?.reason,
    'the column slug is there twice; the last one counts',
  );
});

test('what is wrong with a row is said in words, not in those of a parser', () => {
  const reasons = (text: string) => readCsv(text, undefined).problems.map(({ reason }) => reason);
  assert.deepEqual(reasons('slug\na\n'), ['has no target']);
  assert.deepEqual(reasons('slug,target\na,\n'), ['has no target']);
  const header = 'slug,target,match,clickLimit,validFrom,query,rest,tags,note\n';
  const x = 'a,https://x.example/';
  for (const [cells, reason] of [
    ['both,,,,,,', 'match must be one of exact, prefix'],
    ['exact,many,,,,,', 'clickLimit must be a whole number from 1'],
    ['exact,0,,,,,', 'clickLimit must be a whole number from 1'],
    ['exact,1.5,,,,,', 'clickLimit must be a whole number from 1'],
    ['exact,,tomorrow,,,,', 'validFrom must be a time such as 2026-01-31T09:00:00Z'],
    ['exact,,,some,,,', 'query must be one of off, incoming-wins, target-wins, append'],
    ['exact,,,,yes,,', 'rest must be one of append, ignore'],
    ['exact,,,,,"one,,two",', 'tags, item 2: must have 1 to 100 characters'],
    [`exact,,,,,,${'n'.repeat(2_001)}`, 'note must have at most 2000 characters'],
  ] as const)
    assert.deepEqual(reasons(`${header}${x},${cells}\n`), [reason]);
});

test('broken quoting is one error with the line; a file without a header is a problem', () => {
  assert.throws(
    () => readCsv('slug,target\na,"https://x.example/\n', undefined),
    (error) => isAppError(error, 'invalid') && /line 2/.test(error.message),
  );
  assert.deepEqual(readCsv('\n', undefined).problems, [{ line: 0, text: '', reason: 'has no header row' }]);
});

test('no cell that is written is a formula to a spreadsheet, and all are read back as they were', () => {
  for (const note of ['=1+1', '+1', '-1', '@x', '\t=1', '\r=1', "'", "''=", "'quoted'", '', ' =1', 'a\rb', 'x,"y"']) {
    const text = writeCsvRow(aLink({ note }));
    assert.doesNotMatch(text, /(?:^|,)"?[=+\-@\t\r]/, text);
    assert.equal(rows(CSV_HEADER + text)[0]?.note, note, text);
  }
});

test('lists keep items with commas, and an empty list is not no list', () => {
  for (const queryAllow of [[], ['a', 'b*'], ['a,b'], ['[x]', 'y'], [' a'], ['"']])
    assert.deepEqual(rows(CSV_HEADER + writeCsvRow(aLink({ queryAllow })))[0]?.queryAllow, queryAllow);
});
