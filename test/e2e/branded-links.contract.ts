/** The whole story of branded links, told over real HTTP; run on the embedded default, on the emulators, and on the built functions apart. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { Place, StartPlace } from '../support/bundle.ts';
import { until } from '../support/hawker.ts';

const BROWSER = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36';
const FIXTURES = join(import.meta.dirname, '../fixtures/links');

interface Stats {
  total: { all: number; human: number; unique: number };
}

interface ImportReply {
  created: number;
  updated: number;
  unchanged: number;
  problems: { line: number; reason: string }[];
}

const visit = (hawker: Place, host: string, path: string, headers: Record<string, string> = {}) =>
  hawker.ask(path, { host, headers: { 'User-Agent': BROWSER, ...headers } });

const put = (hawker: Place, path: string, body: object) => hawker.ask(path, { method: 'PUT', body });

async function expectCounts(hawker: Place, path: string, expected: Stats['total']): Promise<void> {
  const stats = await until(
    async () => (await hawker.ask(`${path}/stats`)).json<Stats>(),
    ({ total }) => total.all >= expected.all,
  );
  assert.deepEqual(stats.total, expected);
}

export function brandedLinksContract(name: string, start: StartPlace, skip: string | false = false): void {
  describe(`branded links on ${name}`, { skip }, () => {
    it('redirects, counts a person and a bot apart, and shows an edit within two seconds', async () => {
      await using hawker = await start({ only: ['redirects', 'links', 'clicks'] });
      assert.equal((await put(hawker, '/links/v1/domains/go.example.com', {})).status, 201);
      const link = '/links/v1/domains/go.example.com/links/sale';
      assert.equal((await put(hawker, link, { target: 'https://shop.example/autumn?ref=poster' })).status, 201);

      const hit = await visit(hawker, 'go.example.com', '/sale?utm_source=x&utm_source=y');
      assert.equal(hit.status, 302);
      assert.equal(hit.headers.location, 'https://shop.example/autumn?ref=poster&utm_source=x&utm_source=y');
      assert.equal((await visit(hawker, 'go.example.com', '/sale', { 'User-Agent': 'curl/8.0' })).status, 302);
      assert.equal((await hawker.ask('/sale', { host: 'go.example.com', method: 'HEAD' })).status, 302);
      await expectCounts(hawker, link, { all: 3, human: 1, unique: 1 });

      assert.equal(
        (await hawker.ask(link, { method: 'PATCH', body: { target: 'https://shop.example/winter' } })).status,
        200,
      );
      const edited = await until(
        () => visit(hawker, 'go.example.com', '/sale'),
        ({ headers }) => headers.location === 'https://shop.example/winter',
        2_000,
      );
      assert.equal(edited.status, 302);
      assert.equal((await hawker.ask(link, { method: 'DELETE' })).status, 204);
      await until(
        () => visit(hawker, 'go.example.com', '/sale'),
        ({ status }) => status === 404,
        2_000,
      );
    });

    it('gives a limited link out exactly as often as it says', async () => {
      await using hawker = await start({ only: ['redirects', 'links', 'clicks'] });
      await put(hawker, '/links/v1/domains/few.example.com', {});
      await put(hawker, '/links/v1/domains/few.example.com/links/ticket', {
        target: 'https://shop.example/ticket',
        clickLimit: 7,
      });
      const answers = await Promise.all(Array.from({ length: 25 }, () => visit(hawker, 'few.example.com', '/ticket')));
      const statuses = answers.map(({ status }) => status);
      assert.equal(statuses.filter((status) => status === 302).length, 7, String(statuses));
      assert.equal(statuses.filter((status) => status === 410).length, 18, String(statuses));
    });

    it('serves an imported file as the file says and names what it cannot', async () => {
      await using hawker = await start({ only: ['redirects', 'links', 'clicks'] });
      await put(hawker, '/links/v1/domains/docs.example.com', {});
      const body = readFileSync(join(FIXTURES, 'site._redirects'), 'utf8');
      const importPath = '/links/v1/domains/docs.example.com/import?format=netlify&base=https://site.example';
      const send = (path: string) =>
        hawker.ask(path, { method: 'POST', body, headers: { 'Content-Type': 'text/plain' } });

      const dry = (await send(`${importPath}&dryRun=true`)).json<ImportReply>();
      assert.equal((await visit(hawker, 'docs.example.com', '/docs')).status, 404);
      const done = await send(importPath);
      assert.equal(done.status, 200, done.text);
      const reply = done.json<ImportReply>();
      assert.equal(reply.created, dry.created);
      assert.deepEqual(reply.problems, dry.problems);

      const at = async (path: string) => (await visit(hawker, 'docs.example.com', path)).headers.location;
      await until(
        () => at('/docs'),
        (location) => location === 'https://site.example/docs/home/',
        2_000,
      );
      assert.equal(await at('/docs/'), 'https://site.example/docs/home/');
      assert.equal(await at('/old/a%2Fb/c'), 'https://new.example/archive/a%2Fb/c');
      assert.equal(await at('/admin/quota/walkthrough/'), 'https://site.example/docs/policy/quotas/');
      assert.ok(reply.problems.some(({ reason }) => /line \d+ answers first/.test(reason)));

      const again = (await send(importPath)).json<ImportReply>();
      assert.deepEqual([again.created, again.updated, again.unchanged], [0, 0, reply.created]);
    });

    it('serves an imported netlify.toml', async () => {
      await using hawker = await start({ only: ['redirects', 'links', 'clicks'] });
      await put(hawker, '/links/v1/domains/charts.example.com', {});
      const body = readFileSync(join(FIXTURES, 'site.netlify.toml'), 'utf8');
      const path = '/links/v1/domains/charts.example.com/import?format=netlify-toml&base=https://site.example';
      const done = await hawker.ask(path, { method: 'POST', body, headers: { 'Content-Type': 'application/toml' } });
      assert.equal(done.status, 200, done.text);
      const hit = await until(
        () => visit(hawker, 'charts.example.com', '/community/meetings/today'),
        ({ status }) => status === 302,
        2_000,
      );
      assert.equal(hit.headers.location, 'https://site.example/people/meetings/today');
    });
  });
}
