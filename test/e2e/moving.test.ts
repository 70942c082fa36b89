/** An installation that began embedded moves to Firestore (the emulator) and back, by the command that people use. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { documentLines, emulator, newProject, runData, skip, temporaryFolder } from '../../scripts/data/testing.ts';
import { type Hawker, startHawker, until } from '../support/hawker.ts';

const BROWSER = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36';
const LINK = '/links/v1/domains/go.example.com/links/sale';

interface Stats {
  total: { all: number; human: number; unique: number };
}

const visit = (hawker: Hawker, path: string) =>
  hawker.ask(path, { host: 'go.example.com', headers: { 'User-Agent': BROWSER } });

/** Two links, one of which is used up, a key of its own for one domain, and two visits. */
async function useIt(hawker: Hawker): Promise<string> {
  const put = async (path: string, body: object) =>
    assert.equal((await hawker.ask(path, { method: 'PUT', body })).status, 201);
  await put('/links/v1/domains/go.example.com', {});
  await put(LINK, { target: 'https://shop.example/autumn?ref=poster' });
  await put('/links/v1/domains/go.example.com/links/once', { target: 'https://shop.example/once', clickLimit: 1 });
  const made = await hawker.ask('/links/v1/keys', {
    method: 'POST',
    body: { name: 'CI', role: 'editor', host: 'go.example.com' },
  });
  assert.equal((await visit(hawker, '/once')).status, 302);
  for (let n = 0; n < 2; n++) assert.equal((await visit(hawker, '/sale')).status, 302);
  await until(
    async () => (await hawker.ask(`${LINK}/stats`)).json<Stats>(),
    ({ total }) => total.all === 2,
  );
  return made.json<{ key: string }>().key;
}

/** Everything that must answer as before. */
async function answers(hawker: Hawker, key: string): Promise<unknown> {
  const as = { anonymous: true, headers: { Authorization: `Bearer ${key}` } };
  const read = async (path: string) => {
    const { status, text } = await hawker.ask(path, as);
    return { status, text };
  };
  const go = async (path: string) => {
    const { status, headers } = await visit(hawker, path);
    return { status, location: headers.location };
  };
  return {
    link: await read(LINK),
    links: await read('/links/v1/domains/go.example.com/links'),
    stats: await read(`${LINK}/stats`),
    other: (await read('/links/v1/domains/other.example.com')).status,
    once: await go('/once'),
    sale: await go('/sale?x=1'),
  };
}

describe('an installation that moves', { skip, timeout: 110_000 }, () => {
  it('answers on Firestore as it did embedded, and comes back unchanged', async () => {
    using old = temporaryFolder();
    using other = temporaryFolder();
    using back = temporaryFolder();
    await using embedded = await startHawker({ data: old.path });
    const key = await useIt(embedded);
    assert.equal(await embedded.stop(), 0);

    const cloud = {
      HAWKER_STORE: 'firestore',
      GOOGLE_CLOUD_PROJECT: newProject(),
      FIRESTORE_EMULATOR_HOST: emulator,
      HAWKER_DATA: other.path,
    };
    const run = async (args: string[], env: Record<string, string>) => {
      const { code, stdout, stderr } = await runData([...args, '--json'], env);
      assert.equal(code, 0, stderr);
      assert.ok(!`${stdout}${stderr}`.includes(key));
      return JSON.parse(stdout) as { oneMoment?: boolean; collections?: unknown; warnings?: string[] };
    };
    const first = await run(['export', '--to', old.file('1')], { HAWKER_DATA: old.path });
    assert.deepEqual([first.oneMoment, first.warnings], [true, []]);
    await run(['import', '--from', old.file('1'), '--dry-run'], cloud);
    await run(['import', '--from', old.file('1')], cloud);
    await run(['import', '--from', old.file('1')], cloud);
    const second = await run(['export', '--to', old.file('2')], cloud);
    assert.equal(second.oneMoment, false);
    await run(['import', '--from', old.file('2')], { HAWKER_DATA: back.path });
    const third = await run(['export', '--to', old.file('3')], { HAWKER_DATA: back.path });
    assert.ok(documentLines(old.file('1')).length > 8);
    for (const [name, { collections }] of [
      ['2', second],
      ['3', third],
    ] as const) {
      assert.deepEqual(collections, first.collections);
      assert.deepEqual(documentLines(old.file(name)), documentLines(old.file('1')));
    }

    const told: unknown[] = [];
    const places = [{ data: old.path }, { data: back.path }, { data: other.path, env: cloud }];
    for (const place of places) {
      await using hawker = await startHawker(place);
      told.push(await answers(hawker, key));
      // Whoever came before is no new visitor.
      const { total } = await until(
        async () => (await hawker.ask(`${LINK}/stats`)).json<Stats>(),
        (stats) => stats.total.all === 3,
      );
      assert.deepEqual(total, { all: 3, human: 3, unique: 1 });
      await hawker.stop();
    }
    assert.deepEqual(told[1], told[0]);
    assert.deepEqual(told[2], told[0]);
    const [{ sale, other: foreign }] = told as [{ sale: unknown; other: unknown }];
    assert.deepEqual(sale, { status: 302, location: 'https://shop.example/autumn?ref=poster&x=1' });
    assert.equal(foreign, 403);
  });
});
