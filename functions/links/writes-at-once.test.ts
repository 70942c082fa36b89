import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { systemClock } from '#shared/clock.ts';
import { systemIds } from '#shared/ids.ts';
import type { DomainState } from '#shared/links/records.ts';
import { withShorthands } from '#shared/store/index.ts';
import { createMemoryDriver } from '#shared/store/memory.ts';
import type { Store } from '#shared/store/store.ts';
import type { Reply } from '#shared/testing/api-client.ts';
import { createDomainWriter } from './domain-writer.ts';
import { createTestApp, type TestApp } from './testing.ts';
import { createLinkWriter, type LinkChange, type LinkFields } from './writer.ts';

const fields: LinkFields = { target: 'https://x.example/', query: 'off', tags: [] };
const put = (slug: string, target = fields.target): LinkChange => ({
  slug,
  match: 'exact',
  edit: () => ({ ...fields, target }),
});

const statuses = (replies: Reply[]) => replies.map(({ status }) => status).toSorted((a, b) => a - b);
const loops = (replies: Reply[]) => replies.filter(({ body }) => body?.code === 'redirect_loop');

async function withDomains(...hosts: string[]) {
  const app = await createTestApp();
  for (const host of hosts) assert.equal((await app.ask(`PUT /v1/domains/${host}`)).status, 201);
  return app;
}

describe('a redirect loop', () => {
  it('is refused with its chain when the last edit closes it, over several domains', async () => {
    const { ask } = await withDomains('a.example', 'b.example', 'c.example');
    await ask('PUT /v1/domains/a.example/links/x', { target: 'https://b.example/y' });
    await ask('PUT /v1/domains/b.example/links/y', { target: 'https://c.example/z' });
    const { status, body } = await ask('PUT /v1/domains/c.example/links/z', { target: 'https://A.example/x' });
    assert.deepEqual([status, body.code, body.errors[0].pointer], [422, 'redirect_loop', '/target']);
    assert.match(
      body.detail,
      /c\.example\/z -> https:\/\/a\.example\/x -> https:\/\/b\.example\/y -> https:\/\/c\.example\/z/,
    );
    assert.equal((await ask('GET /v1/domains/c.example/links/z')).status, 404);
  });

  it('is refused when a change of a fallback, a new domain or a removal closes it', async () => {
    const { ask } = await withDomains('a.example');
    await ask('PUT /v1/domains/a.example/links/x', { target: 'https://b.example/lost' });
    const fallback = { notFoundTarget: 'https://a.example/x' };
    assert.equal((await ask('PUT /v1/domains/b.example', fallback)).body.code, 'redirect_loop');
    assert.equal((await ask('PUT /v1/domains/b.example')).status, 201);
    assert.equal((await ask('PUT /v1/domains/b.example', fallback)).body.code, 'redirect_loop');
    await ask('PUT /v1/domains/b.example/links/lost', { target: 'https://out.example/' });
    assert.equal((await ask('PUT /v1/domains/b.example', fallback)).status, 200);
    assert.equal((await ask('DELETE /v1/domains/b.example/links/lost')).body.code, 'redirect_loop');
  });

  it('cannot be closed by two edits at once', async () => {
    for (let round = 0; round < 20; round++) {
      const { ask } = await withDomains('a.example', 'b.example');
      const replies = await Promise.all([
        ask('PUT /v1/domains/a.example/links/x', { target: 'https://b.example/y' }),
        ask('PUT /v1/domains/b.example/links/y', { target: 'https://a.example/x' }),
      ]);
      assert.deepEqual(statuses(replies), [201, 422]);
      assert.equal(loops(replies).length, 1);
    }
  });

  it('cannot be closed by three edits at once', async () => {
    const hosts = ['a.example', 'b.example', 'c.example'];
    for (let round = 0; round < 10; round++) {
      const { ask } = await withDomains(...hosts);
      const replies = await Promise.all(
        hosts.map((host, n) => ask(`PUT /v1/domains/${host}/links/x`, { target: `https://${hosts[(n + 1) % 3]}/x` })),
      );
      assert.deepEqual(statuses(replies), [201, 201, 422]);
    }
  });

  /** Puts a link of the domain `host` while `meanwhile` happens between its judgement and its commit; answers what became of it. */
  async function putWhile(app: TestApp, host: string, change: LinkChange, meanwhile: () => Promise<Reply>) {
    let held = true;
    const commit: Store['commit'] = async (writes) => {
      if (held) {
        held = false;
        assert.ok((await meanwhile()).status < 300);
      }
      return app.store.commit(writes);
    };
    const writer = createLinkWriter({ store: { ...app.store, commit }, ids: systemIds, clock: systemClock });
    const [result] = await writer.saveLinks(host, [change]);
    return result?.outcome === 'refused' ? result.error.code : result?.outcome;
  }

  it('cannot be closed by an edit far down the chain meanwhile', async () => {
    const app = await withDomains('a.example', 'b.example', 'c.example', 'd.example');
    await app.ask('PUT /v1/domains/b.example/links/y', { target: 'https://c.example/z' });
    await app.ask('PUT /v1/domains/c.example/links/z', { target: 'https://out.example/' });
    await app.ask('PUT /v1/domains/d.example/links/w', { target: 'https://a.example/x' });
    const outcome = await putWhile(app, 'a.example', put('x', 'https://b.example/y'), () =>
      app.ask('PATCH /v1/domains/c.example/links/z', { target: 'https://d.example/w' }),
    );
    assert.equal(outcome, 'redirect_loop');
  });

  it('cannot be closed below a prefix by a link into it made meanwhile', async () => {
    const app = await withDomains('a.example', 'b.example', 'c.example');
    await app.ask('PUT /v1/domains/c.example/links/q%2Fz', { target: 'https://a.example/x' });
    const prefix: LinkChange = { ...put('p', 'https://c.example/q'), match: 'prefix' };
    const outcome = await putWhile(app, 'b.example', prefix, () =>
      app.ask('PUT /v1/domains/a.example/links/x', { target: 'https://b.example/p/z' }),
    );
    assert.equal(outcome, 'redirect_loop');
  });

  it('cannot be closed by a domain added meanwhile', async () => {
    const app = await withDomains('a.example', 'c.example');
    await app.ask('PUT /v1/domains/c.example/links/z', { target: 'https://a.example/x' });
    const outcome = await putWhile(app, 'a.example', put('x', 'https://b.example/lost'), () =>
      app.ask('PUT /v1/domains/b.example', { notFoundTarget: 'https://c.example/z' }),
    );
    assert.equal(outcome, 'redirect_loop');
  });
});

describe('the writer of links', () => {
  async function setUp() {
    const store = withShorthands(createMemoryDriver());
    let commits = 0;
    const commit: Store['commit'] = (writes) => {
      commits++;
      return store.commit(writes);
    };
    const parts = { store: { ...store, commit }, ids: systemIds, clock: systemClock };
    await createDomainWriter(parts).save(
      'go.example',
      { case: 'sensitive', trailingSlash: 'ignore', defaultStatus: 302 },
      () => {},
    );
    commits = 0;
    const links = async () => (await store.get<DomainState>('domain-state', 'go.example'))?.value.links;
    return { ...createLinkWriter(parts), store, links, commits: () => commits };
  }

  it('writes many in few commits and answers for each in order', async () => {
    const { saveLinks, links, commits } = await setUp();
    const changes = Array.from({ length: 350 }, (_, n) => put(n === 7 ? '..' : `s${n}`));
    const results = await saveLinks('go.example', changes);
    assert.equal(results.length, 350);
    assert.equal(results[7]?.outcome, 'refused');
    assert.equal(results.filter(({ outcome }) => outcome === 'created').length, 349);
    assert.equal(await links(), 349);
    assert.ok(commits() <= 4, String(commits()));
  });

  it('writes large ones, however many, without filling a commit', async () => {
    const { saveLinks, links } = await setUp();
    const long = `https://x.example/${'a'.repeat(8_000)}`;
    const changes = Array.from({ length: 100 }, (_, n) => ({
      ...put(`s${n}`),
      edit: () => ({
        ...fields,
        target: long,
        note: 'ä'.repeat(10_000),
        tags: Array.from({ length: 50 }, (_, t) => `${t}${'ä'.repeat(98)}`),
      }),
    }));
    assert.ok((await saveLinks('go.example', changes)).every(({ outcome }) => outcome === 'created'));
    assert.equal(await links(), 100);
  });

  it('takes one link several times, the last counting', async () => {
    const { saveLinks, store, links } = await setUp();
    const results = await saveLinks('go.example', [
      put('a', 'https://one.example/'),
      put('b'),
      put('a', 'https://two.example/'),
    ]);
    assert.deepEqual(
      results.map(({ outcome }) => outcome),
      ['created', 'created', 'changed'],
    );
    assert.equal(await links(), 2);
    assert.deepEqual(
      (await store.list('link-targets', { limit: 9 })).docs.map(({ id }) => id),
      ['two.example|go.example|a|exact', 'x.example|go.example|b|exact'],
    );
  });

  it('judges changes of one call on one another', async () => {
    const { saveLinks } = await setUp();
    const results = await saveLinks('go.example', [put('a', 'https://go.example/b'), put('b', 'https://go.example/a')]);
    assert.deepEqual(
      results.map(({ outcome }) => outcome),
      ['created', 'refused'],
    );
  });

  it('tells with dryRun what it would do, and does nothing', async () => {
    const { saveLinks, links, commits } = await setUp();
    const changes = [put('a', 'https://go.example/b'), put('b', 'https://go.example/a'), put('c'), put('c')];
    const results = await saveLinks('go.example', changes, { dryRun: true });
    assert.deepEqual(
      results.map(({ outcome }) => outcome),
      ['created', 'refused', 'created', 'unchanged'],
    );
    assert.deepEqual([await links(), commits()], [0, 0]);
  });

  it('commits nothing where nothing changes', async () => {
    const { saveLinks, commits } = await setUp();
    await saveLinks('go.example', [put('a')]);
    await saveLinks('go.example', [put('a')]);
    assert.equal(commits(), 1);
  });

  it('loses no count to others who write at the same time', async () => {
    const { saveLinks, links } = await setUp();
    await Promise.all(Array.from({ length: 6 }, (_, n) => saveLinks('go.example', [put(`s${n}`)])));
    assert.equal(await links(), 6);
  });
});

it('many edits of one domain at once all succeed, in two processes too', async () => {
  const store = withShorthands(createMemoryDriver());
  // As slow as a network, so that edits overlap.
  const slow: Store = {
    ...store,
    async getMany(collection, wanted) {
      await new Promise(setImmediate);
      return store.getMany(collection, wanted);
    },
    async commit(writes) {
      for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate);
      return store.commit(writes);
    },
  };
  const runtime = { store: slow, clock: systemClock, ids: { ...systemIds, random: () => 0.01 } };
  const modes = { case: 'insensitive', trailingSlash: 'ignore', defaultStatus: 302 } as const;
  await createDomainWriter(runtime).save('a.example', modes, () => {});
  const writers = [createLinkWriter(runtime), createLinkWriter(runtime)];
  await Promise.all(Array.from({ length: 80 }, async (_, n) => writers[n % 2]?.saveLinks('a.example', [put(`l${n}`)])));
  assert.equal((await store.get<DomainState>('domain-state', 'a.example'))?.value.links, 80);
});
