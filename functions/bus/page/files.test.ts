import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { inflateSync } from 'node:zlib';
import { createTestBus } from '../testing.ts';
import { makeAssets } from './assets.ts';

const fetchFrom = async (path: string, headers: Record<string, string> = {}, prefix = '/bus') => {
  await using bus = await createTestBus({ withoutLta: true, prefix });
  return await bus.instance.fetch(new Request(`http://console.example${path}`, { headers }));
};

describe('the files of the page', () => {
  it('may be kept for good under the name of their content, and are asked for again under any other', async () => {
    const page = await (await fetchFrom('/')).text();
    const address = /src="\/bus(\/assets\/app\.js\?v=[\w-]+)"/.exec(page)?.[1] ?? '';
    const kept = await fetchFrom(address);
    assert.equal(kept.headers.get('Content-Type'), 'text/javascript; charset=utf-8');
    assert.match(kept.headers.get('Cache-Control') ?? '', /immutable/);
    const etag = kept.headers.get('ETag') ?? '';
    const bare = await fetchFrom('/assets/app.js', { 'If-None-Match': etag });
    assert.deepEqual([bare.status, bare.headers.get('Cache-Control')], [304, 'no-cache']);
    assert.equal((await fetchFrom('/assets/app.js?v=older')).headers.get('Cache-Control'), 'no-cache');
    assert.equal((await fetchFrom('/assets/none.js')).status, 404);
    assert.equal((await fetchFrom('/assets/..%2froutes.ts')).status, 404);
  });

  it('import one another by addresses that lead somewhere and may be kept for good', async () => {
    const seen = new Set<string>();
    const visit = async (path: string): Promise<void> => {
      if (seen.has(path)) return;
      seen.add(path);
      const answer = await fetchFrom(path);
      assert.match(answer.headers.get('Cache-Control') ?? '', /immutable/, path);
      const text = await answer.text();
      const imports = [...text.matchAll(/(?:\bfrom\s*|\bawait import\()['"]([^'"]+)['"]/g)].map(([, to]) => to ?? '');
      for (const to of imports) await visit(new URL(to, `http://console.example${path}`).href.slice(22));
    };
    const page = await (await fetchFrom('/stops/99999')).text();
    const addresses = [...page.matchAll(/"\/bus(\/assets\/[^"]+)"/g)].map(([, path]) => path ?? '');
    assert.ok(addresses.length >= 5);
    for (const address of addresses) await visit(address);
    assert.ok([...seen].some((path) => path.includes('countdown.js')));
    assert.equal(seen.size, new Set([...seen].map((path) => path.split('?')[0])).size, 'no file by two addresses');
  });

  it('change their address when something that they import changes', () => {
    const texts = { 'app.js': "import { a } from './a.js';", 'a.js': 'export const a = 1;', 'sw.js': '' };
    const [one, other] = [makeAssets(texts), makeAssets({ ...texts, 'a.js': 'export const a = 2;' })];
    assert.notEqual(one.files.get('app.js')?.hash, other.files.get('app.js')?.hash);
    assert.notEqual(one.version, other.version);
    assert.notEqual(one.version, makeAssets({ ...texts, 'sw.js': '1' }).version);
    assert.throws(() => makeAssets({ 'app.js': "import './a.js'; import { x } from './none.js';" }), /none\.js/);
  });

  it('stay small enough for a bad line', async () => {
    for (const name of ['app.js', 'saved.js', 'board.js', 'alerts.js'])
      assert.ok((await (await fetchFrom(`/assets/${name}`)).text()).length < 20_000, name);
  });
});

describe('what makes it installable', () => {
  for (const prefix of ['/bus', ''])
    it(`has its scope and its icons below '${prefix}'`, async () => {
      const answer = await fetchFrom('/manifest.webmanifest?lang=zh', {}, prefix);
      assert.match(answer.headers.get('Content-Type') ?? '', /^application\/manifest\+json/);
      const manifest = (await answer.json()) as {
        lang: string;
        start_url: string;
        scope: string;
        display: string;
        icons: { src: string; type: string; purpose?: string }[];
      };
      assert.deepEqual(
        [manifest.lang, manifest.start_url, manifest.scope, manifest.display],
        ['zh', `${prefix}/`, `${prefix}/`, 'standalone'],
      );
      assert.ok(manifest.icons.some(({ purpose }) => purpose === 'maskable'));
      for (const { src, type } of manifest.icons) {
        assert.ok(src.startsWith(`${prefix}/`));
        const icon = await fetchFrom(src.slice(prefix.length), {}, prefix);
        assert.deepEqual([icon.status, icon.headers.get('Content-Type')], [200, type], src);
      }
      const worker = await (await fetchFrom('/sw.js', {}, prefix)).text();
      const { shell } = JSON.parse(/self\.HAWKER = (.*);/.exec(worker)?.[1] ?? '{}') as { shell: string[] };
      assert.ok(shell.every((address) => address.startsWith(`${prefix}/`)));
      for (const address of shell) assert.equal((await fetchFrom(address.slice(prefix.length))).status, 200, address);
    });

  it('draws icons that are PNG files of their size, opaque in the middle and, where masked, to the edge', async () => {
    for (const [name, size, corner] of [
      ['icon-192.png', 192, 0],
      ['icon-512.png', 512, 0],
      ['icon-maskable.png', 512, 255],
    ] as const) {
      const bytes = Buffer.from(await (await fetchFrom(`/${name}`)).arrayBuffer());
      assert.equal(bytes.toString('latin1', 1, 4), 'PNG');
      assert.deepEqual([bytes.readUInt32BE(16), bytes.readUInt32BE(20)], [size, size]);
      assert.ok(bytes.length < 20_000);
      const start = bytes.indexOf('IDAT') + 4;
      const rows = inflateSync(bytes.subarray(start, start + bytes.readUInt32BE(start - 8)));
      assert.equal(rows.length, (size * 4 + 1) * size);
      assert.equal(rows[4], corner, 'the alpha of the first pixel');
      assert.equal(rows[(size / 2) * (size * 4 + 1) + 1 + size * 2 + 3], 255);
    }
  });
});
