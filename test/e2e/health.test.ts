/** What a real process says of how it is, while what it needs goes away and comes back. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, statfsSync, truncateSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { ADMIN_KEY, type Hawker, type Reply, send, startHawker, until } from '../support/hawker.ts';

const ROOT = join(import.meta.dirname, '../..');

interface Ready {
  status: string;
  dependencies: Record<
    string,
    { status: string; checkedAt?: string; ageMs?: number; reason?: string; hangsMs?: number; lastError?: string }
  >;
  verbose?: string;
}

const readyz = (hawker: Hawker, more = '', anonymous = true) => hawker.ask(`/readyz${more}`, { anonymous });
/** Within the seconds that an answer may be old. */
const answering = (hawker: Hawker, status: number) =>
  until(
    () => readyz(hawker),
    (reply) => reply.status === status,
  );
const store = (reply: Reply) => reply.json<Ready>().dependencies['store'];

describe('npm start', () => {
  it('says at the root and below its base path that it is ready, to anybody, without internals', async () => {
    await using hawker = await startHawker({ env: { HAWKER_BASE_PATH: '/hawker' } });
    for (const base of ['', '/hawker']) {
      const live = await hawker.ask(`${base}/healthz`, { anonymous: true });
      assert.deepEqual([live.status, live.json()], [200, { status: 'ready', store: 'ready', queue: 'ready' }]);
      const ready = await hawker.ask(`${base}/readyz`, { anonymous: true });
      const { status, dependencies } = ready.json<Ready>();
      assert.deepEqual([ready.status, status], [200, 'ready']);
      for (const name of ['store', 'queue']) {
        const { checkedAt, ageMs, ...rest } = dependencies[name] ?? assert.fail(name);
        assert.deepEqual(rest, { status: 'ready' });
        assert.ok(!Number.isNaN(Date.parse(checkedAt ?? '')) && (ageMs ?? -1) >= 0);
      }
      assert.equal(dependencies['LTA'], undefined, 'nothing is opened only to look at it');
      assert.ok(!ready.text.includes(hawker.data));
    }
    assert.equal((await hawker.ask('/readyz', { method: 'HEAD' })).text, '');
    assert.equal(
      (await hawker.ask('/readyz', { host: 'go.example.com' })).status,
      404,
      'branded hosts have links there',
    );
  });

  it('tells an admin more, and nobody a secret', async () => {
    await using hawker = await startHawker({ env: { LTA_ACCOUNT_KEY: 'a-key-of-lta-0123456789' } });
    const told = await readyz(hawker, '?verbose', false);
    const body = told.json<Record<string, unknown>>();
    assert.match(JSON.stringify(body['versions']), /"hawker":"\d+\.\d+\.\d+","node":"24\./);
    assert.ok((body['settings'] as string[]).includes('HAWKER_DATA'));
    const secrets = body['secrets'] as Record<string, string>;
    assert.deepEqual(
      [secrets['LTA_ACCOUNT_KEY'], secrets['HAWKER_ADMIN_KEY'], secrets['HAWKER_DEBUG_KEY']],
      ['set', 'set', 'not set'],
    );
    assert.ok((body['memory'] as { rss: number }).rss > 0 && (body['uptimeS'] as number) >= 0);
    for (const secret of [ADMIN_KEY, 'a-key-of-lta-0123456789', hawker.data]) assert.ok(!told.text.includes(secret));

    for (const headers of [{}, { Authorization: 'Bearer not-the-key-of-anybody' }] as Record<string, string>[]) {
      const refused = await hawker.ask('/readyz?verbose', { anonymous: true, headers });
      const { verbose, ...rest } = refused.json<Ready>();
      assert.equal(refused.status, 200, 'a probe that is too curious is still answered');
      assert.match(verbose ?? '', /^for admins: /);
      assert.deepEqual(Object.keys(rest), ['status', 'dependencies']);
    }
    const { key } = (
      await hawker.ask('/links/v1/keys', { method: 'POST', body: { name: 'a reader', role: 'viewer' } })
    ).json<{ key: string }>();
    const viewer = await hawker.ask('/readyz?verbose', { headers: { Authorization: `Bearer ${key}` } });
    assert.match(viewer.json<Ready>().verbose ?? '', /role admin/);
  });

  it('is not ready when its data folder is removed, says so, and lives on', async () => {
    const data = mkdtempSync(join(tmpdir(), 'hawker-gone-'));
    await using hawker = await startHawker({ data, args: ['--only', 'leases'] });
    assert.equal((await readyz(hawker)).status, 200);
    rmSync(data, { recursive: true });
    const gone = await answering(hawker, 503);
    assert.match(store(gone)?.reason ?? '', /data folder was removed/);
    assert.ok((store(gone)?.ageMs ?? -1) >= 0, 'and when it was last good');
    assert.ok(!gone.text.includes(data), 'where it was is for admins');
    const live = await hawker.ask('/healthz', { anonymous: true });
    assert.deepEqual([live.status, live.json()['status']], [200, 'not ready'], 'a restart is not for probes to decide');
    assert.match(String(live.json()['store']), /data folder was removed/);
    assert.ok(store(await readyz(hawker, '?verbose', false))?.lastError?.includes(data));
  });

  it('takes no more writes once its data folder is removed, whether or not anybody asks for its health, and says why once', async () => {
    const data = mkdtempSync(join(tmpdir(), 'hawker-lost-'));
    await using hawker = await startHawker({
      ...{ data, args: ['--only', 'links,redirects,clicks'] },
      env: { HAWKER_OPS_PORT: '0' },
    });
    const lines = () =>
      hawker
        .output()
        .split('\n')
        .flatMap((line) => (line.startsWith('{') ? [JSON.parse(line) as Record<string, unknown>] : []));
    const ops = Number(lines().find(({ message }) => message === 'metrics can be scraped')?.['port']);
    const write = (name: string) => hawker.ask(`/links/v1/domains/${name}.localhost`, { method: 'PUT' });
    assert.equal((await write('go')).status, 201);
    const link = { slug: 'hi', target: 'https://example.com/' };
    assert.equal(
      (await hawker.ask('/links/v1/domains/go.localhost/links', { method: 'POST', body: link })).status,
      201,
    );
    rmSync(data, { recursive: true });

    let names = 0;
    const refused = await until(
      () => write(`lost${names++}`),
      ({ status }) => status !== 201,
    );
    assert.equal(refused.status, 503, refused.text);
    assert.match(refused.text, /data folder was removed or replaced; a restart makes a new one/);
    assert.equal((await write('go2')).status, 503);
    const redirected = await hawker.ask('/hi', { host: 'go.localhost' });
    assert.deepEqual([redirected.status, redirected.headers['location']], [302, link.target], 'reads go on');

    const metric = async () => (await send(ops, '/metrics')).text;
    await until(metric, (text) => /^hawker_dependency_ready\{.*"store".*\} 0$/m.test(text));
    await answering(hawker, 503);
    await answering(hawker, 503);
    const probe = lines().find(({ message }) => message === 'GET /readyz 503');
    const reason = 'the data folder was removed or replaced; a restart makes a new one';
    assert.deepEqual(
      [probe?.['severity'], probe?.['reason'], probe?.['error'] ?? probe?.['stack_trace']],
      ['WARNING', `store: ${reason}; queue: ${reason}`, undefined],
    );
    const changes = lines().filter(({ dependency }) => dependency !== undefined);
    assert.deepEqual(
      changes.map(({ severity, dependency, reason: why }) => [severity, dependency, why]),
      [
        ['WARNING', 'store', reason],
        ['WARNING', 'queue', reason],
      ],
    );
    const { failures } = (await hawker.ask('/console/v1/overview')).json<{
      failures: { name: string; error?: string }[];
    }>();
    assert.match(failures.find(({ name }) => name === 'GET /readyz')?.error ?? '', /store: the data folder/);
    const errors = () => lines().filter(({ severity }) => severity === 'ERROR');
    assert.deepEqual(
      errors().map(({ message, path }) => [/^the data folder was removed/.test(String(message)), path]),
      [[true, join(data, 'hawker.db')]],
    );
    assert.equal(await hawker.stop(), 0, hawker.output());
    assert.ok(lines().some(({ message }) => message === 'stopped'));
  });

  it('is not ready any more once it was told to end, while it finishes what it has begun', async () => {
    await using hawker = await startHawker({ env: { HAWKER_OPS_PORT: '0' }, args: ['--only', 'links'] });
    const port = Number(/can be scraped.*"port":(\d+)/.exec(hawker.output())?.[1]);
    const asked = () => send(port, '/readyz');
    assert.equal((await asked()).status, 200);
    const unfinished = connect(hawker.port, '127.0.0.1').on('error', () => undefined);
    unfinished.write('POST /console/sign-in HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nk');
    // Whatever came before this answer has been read.
    assert.equal((await hawker.ask('/healthz')).status, 200);
    const ended = hawker.stop();
    const told = await until(asked, ({ status }) => status !== 200);
    assert.deepEqual([told.status, told.json<Ready>().status], [503, 'draining']);
    assert.equal(store(told)?.status, 'ready');
    assert.equal((await send(port, '/healthz')).status, 200, 'nobody must kill it meanwhile');
    unfinished.end('ey=12345');
    assert.equal(await ended, 0, hawker.output());
  });

  it('is not ready while its disk is full, and is again when there is room', async (t) => {
    const data = mkdtempSync(join(tmpdir(), 'hawker-full-'));
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'none', data], { stdio: 'pipe' });
    } catch {
      rmSync(data, { recursive: true });
      return t.skip('no file system of its own can be mounted here');
    }
    const filler = join(data, 'filler');
    try {
      await using hawker = await startHawker({ data, args: ['--only', 'leases'] });
      assert.equal((await readyz(hawker)).status, 200);
      const { bavail, bsize } = statfsSync(data);
      writeFileSync(filler, Buffer.alloc(bavail * bsize));
      const full = await answering(hawker, 503);
      assert.equal(store(full)?.reason, 'there is no room left to store anything');
      truncateSync(filler);
      assert.equal(store(await answering(hawker, 200))?.status, 'ready');
    } finally {
      execFileSync('umount', [data]);
      rmSync(data, { recursive: true });
    }
  });
});

describe('a built function', () => {
  let away: string;
  before(() => {
    away = mkdtempSync(join(tmpdir(), 'hawker-health-'));
    for (const name of ['leases', 'clicks', 'outbox-relay'])
      execFileSync(process.execPath, [join(ROOT, 'scripts/build.ts'), '--only', name, '--out', away], {
        ...{ cwd: ROOT, stdio: 'pipe', timeout: 60_000 },
      });
  });
  after(() => rmSync(away, { recursive: true, force: true }));

  for (const [name, trigger] of [
    ['leases', 'requests'],
    ['clicks', 'messages'],
    ['outbox-relay', 'a schedule'],
  ] as const)
    it(`that runs on ${trigger} says how it is on its own host`, async () => {
      await using served = await startHawker({ script: join(away, name, 'index.js') });
      for (const path of ['/healthz', '/readyz']) {
        const { status, text } = await served.ask(path, { anonymous: true });
        assert.equal(status, 200, text);
        assert.match(text, /"status":"ready"/);
      }
      assert.notEqual((await served.ask('/healthz', { method: 'DELETE' })).status, 200);
      assert.equal(await served.stop(), 0, served.output());
    });

  it('lives but is not ready while its store takes connections and says nothing, and tells for how long', async () => {
    const sockets = new Set<{ destroy(): void }>();
    const silent = createServer((socket) => void sockets.add(socket.on('error', () => undefined)));
    silent.listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as AddressInfo;
    try {
      await using served = await startHawker({
        script: join(away, 'leases/index.js'),
        env: {
          HAWKER_STORE: 'firestore',
          GOOGLE_CLOUD_PROJECT: 'some-secret-project',
          FIRESTORE_EMULATOR_HOST: `127.0.0.1:${port}`,
        },
      });
      const hanging = await readyz(served, '?verbose', false);
      assert.equal(hanging.status, 503);
      assert.match(store(hanging)?.reason ?? '', /^it has not answered for \d+\.\d s$/);
      assert.ok((store(hanging)?.hangsMs ?? 0) >= 1_900);
      assert.equal(hanging.json<Ready>().dependencies['queue']?.status, 'ready');
      assert.ok(!(await readyz(served)).text.includes('some-secret-project'));
      assert.equal((await served.ask('/healthz', { anonymous: true })).status, 200);
    } finally {
      for (const socket of sockets) socket.destroy();
      silent.close();
      await once(silent, 'close');
    }
  });

  it('says the same on its second port, to which no admin key goes by itself', async () => {
    mkdirSync(join(away, 'recordings'), { recursive: true });
    await using served = await startHawker({ script: join(away, 'clicks/index.js'), env: { HAWKER_OPS_PORT: '0' } });
    const port = Number(/can be scraped.*"port":(\d+)/.exec(served.output())?.[1]);
    const [live, ready] = await Promise.all([send(port, '/healthz'), send(port, '/readyz')]);
    assert.deepEqual([live.status, ready.status, ready.json<Ready>().status], [200, 200, 'ready']);
    assert.equal((await send(port, '/other')).status, 404);
  });
});
