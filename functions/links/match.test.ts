import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createTestApp, type TestApp } from './testing.ts';

const DOMAIN = '/v1/domains/go.example';
const LINK = `${DOMAIN}/links/x`;
const TARGET = 'https://shop.example/';

async function withLinks(...matches: ('exact' | 'prefix')[]): Promise<TestApp> {
  const app = await createTestApp();
  await app.ask(`PUT ${DOMAIN}`);
  for (const match of matches) await app.ask(`PUT ${LINK}?match=${match}`, { target: TARGET, note: match });
  return app;
}

const notes = async ({ ask }: TestApp) =>
  (await ask(`GET ${DOMAIN}/links`)).body.items.map(({ match, note }: { match: string; note: string }) => [
    match,
    note,
  ]);

describe('a write that does not say which of the two links it means', () => {
  it('removes the exact one, and repeated leaves the prefix one alone', async () => {
    const app = await withLinks('exact', 'prefix');
    assert.equal((await app.ask(`DELETE ${LINK}`)).status, 204);
    const { status, body } = await app.ask(`DELETE ${LINK}`);
    assert.deepEqual([status, body.code], [404, 'not_found']);
    assert.match(body.detail, /prefix link, which \?match=prefix names/);
    assert.deepEqual(await notes(app), [['prefix', 'prefix']]);
    assert.equal((await app.ask(`DELETE ${LINK}?match=prefix`)).status, 204);
    assert.doesNotMatch((await app.ask(`DELETE ${LINK}`)).body.detail, /prefix/);
  });

  it('changes the exact one, and where there is only a prefix one nothing', async () => {
    const both = await withLinks('exact', 'prefix');
    assert.equal((await both.ask(`PATCH ${LINK}`, { note: 'patched' })).body.match, 'exact');
    assert.equal((await both.ask(`PUT ${LINK}`, { target: TARGET, note: 'put' })).body.match, 'exact');
    const app = await withLinks('prefix');
    for (const line of [`PATCH ${LINK}`, `PUT ${LINK}`]) {
      const { status, body } = await app.ask(line, { target: TARGET, note: 'other' });
      assert.deepEqual([status, body.code], [404, 'not_found'], line);
      assert.match(body.detail, /\?match=prefix/);
    }
    assert.deepEqual(await notes(app), [['prefix', 'prefix']]);
  });

  it('makes an exact one where it is told to, in the address or the body, and one beside no other unasked', async () => {
    for (const [query, match] of [
      ['?match=exact', {}],
      ['', { match: 'exact' }],
    ] as const) {
      const app = await withLinks('prefix');
      assert.equal((await app.ask(`PUT ${LINK}${query}`, { target: TARGET, ...match })).status, 201);
    }
    const alone = await withLinks();
    assert.equal((await alone.ask(`PUT ${LINK}`, { target: TARGET })).body.match, 'exact');
  });
});

describe('reading a link without saying which', () => {
  it('answers the exact one, else the prefix one, and says which it is, in figures too', async () => {
    for (const [matches, expected] of [
      [['exact', 'prefix'], 'exact'],
      [['prefix'], 'prefix'],
    ] as const) {
      const { ask } = await withLinks(...matches);
      assert.equal((await ask(`GET ${LINK}`)).body.match, expected);
      assert.equal((await ask(`GET ${LINK}/stats`)).body.match, expected);
    }
    const { ask } = await withLinks('exact', 'prefix');
    assert.equal((await ask(`GET ${LINK}/stats?match=prefix`)).body.match, 'prefix');
  });
});

it('a link is not sent again to who names its version, unless its uses may have grown since', async () => {
  const { ask } = await withLinks('exact');
  const etag = (await ask(`GET ${LINK}`)).headers.get('ETag') ?? '';
  for (const known of [etag, `"other", W/${etag}`, '*']) {
    const { status, body, headers } = await ask(`GET ${LINK}`, undefined, { 'If-None-Match': known });
    assert.deepEqual([status, body, headers.get('ETag')], [304, '', etag]);
  }
  assert.equal((await ask(`GET ${LINK}`, undefined, { 'If-None-Match': '"other"' })).status, 200);
  await ask(`PATCH ${LINK}`, { clickLimit: 3 });
  const counted = (await ask(`GET ${LINK}`)).headers.get('ETag') ?? '';
  assert.equal((await ask(`GET ${LINK}`, undefined, { 'If-None-Match': counted })).body.uses, 0);
});
