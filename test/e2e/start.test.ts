/** What a person meets who starts it the wrong way, or ends it. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, it } from 'node:test';
import { ADMIN_KEY, runToEnd, startHawker } from '../support/hawker.ts';

/** One line on standard error that matches, and exit code 1. */
async function refuses(options: Parameters<typeof runToEnd>[0], reason: RegExp): Promise<void> {
  const { code, stderr } = await runToEnd(options);
  assert.equal(code, 1, stderr);
  assert.match(stderr, reason);
  assert.equal(stderr.trim().split('\n').length, 1, `one line, not:\n${stderr}`);
}

describe('a start that cannot be', () => {
  it('names every bad setting in one line', async () => {
    await refuses(
      { env: { PORT: 'abc', HAWKER_STORE: 'mysql' } },
      /PORT must be a whole number.*HAWKER_STORE must be sqlite or firestore/,
    );
  });

  it('never shows a secret that is malformed', async () => {
    const { stderr } = await runToEnd({ env: { HAWKER_ADMIN_KEY: 'too-short' } });
    assert.match(stderr, /HAWKER_ADMIN_KEY must be/);
    assert.doesNotMatch(stderr, /too-short/);
  });

  it('asks for the project that Firestore needs', async () => {
    await refuses({ env: { HAWKER_STORE: 'firestore' } }, /GOOGLE_CLOUD_PROJECT is needed with HAWKER_STORE=firestore/);
  });

  it('says which port is in use', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => other.once('listening', resolve));
    const { port } = other.address() as AddressInfo;
    const data = mkdtempSync(join(tmpdir(), 'hawker-'));
    try {
      await refuses({ env: { PORT: String(port) }, data }, new RegExp(`port ${port} on 127.0.0.1 is in use`));
    } finally {
      other.close();
      rmSync(data, { recursive: true });
    }
  });

  it('names a data folder that cannot be written', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'hawker-'));
    writeFileSync(join(folder, 'file'), '');
    try {
      await refuses(
        { env: { HAWKER_DATA: join(folder, 'file', 'data') } },
        /file\/data.*a part of that path is a file/,
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('knows no other functions than the manifest names', async () => {
    await refuses(
      { args: ['--only', 'links,lniks'] },
      /--only: there is no function lniks; there are redirects, links, clicks/,
    );
  });

  it('says in one line what was typed wrongly, and where the usage is', async () => {
    for (const [args, reason] of [
      [['--colour', 'links'], "Unknown option '--colour'"],
      [['links'], "Unexpected argument 'links'"],
      [['--only'], "Option '--only <value>' argument missing"],
      [['--only', '--profile'], "Option '--only' argument is ambiguous"],
    ] as const) {
      const { code, stderr } = await runToEnd({ args: [...args] });
      assert.deepEqual([code, stderr], [1, `hawker: ${reason}; see npm start -- --help\n`]);
    }
  });
});

describe('a start', () => {
  it('warns of a setting that does not exist', async () => {
    await using hawker = await startHawker({ env: { HAWKER_STOER: 'sqlite' } });
    assert.match(hawker.output(), /HAWKER_STOER is not a setting/);
  });

  it('runs only what it is told to', async () => {
    await using hawker = await startHawker({ args: ['--only', 'redirects'] });
    assert.equal((await hawker.ask('/links/v1/domains')).status, 404);
    assert.equal((await hawker.ask('/x', { host: 'unknown.example' })).status, 404);
  });

  it('makes an admin key once, prints it once, and keeps no copy', async () => {
    const data = mkdtempSync(join(tmpdir(), 'hawker-'));
    try {
      let key: string | undefined;
      {
        await using first = await startHawker({ data, env: { HAWKER_ADMIN_KEY: '' } });
        await first.stop();
        key = /admin key: (\S+)/.exec(first.output())?.[1];
        assert.ok(key, first.output());
      }
      await using second = await startHawker({ data, env: { HAWKER_ADMIN_KEY: '' } });
      assert.doesNotMatch(second.output(), /admin key/);
      const headers = { Authorization: `Bearer ${key}` };
      assert.equal((await second.ask('/links/v1/domains', { headers })).status, 200);
    } finally {
      rmSync(data, { recursive: true });
    }
  });

  it('makes an admin key where one of the functions it runs asks for it, and only there', async () => {
    for (const [name, says] of [
      ['leases', true],
      ['redirects', false],
    ] as const) {
      await using hawker = await startHawker({ args: ['--only', name], env: { HAWKER_ADMIN_KEY: '' } });
      await hawker.stop();
      assert.equal(hawker.output().includes('admin key: '), says, name);
    }
  });

  it('listens on loopback alone and answers health and its index page', async () => {
    await using hawker = await startHawker();
    const health = await hawker.ask('/healthz', { anonymous: true });
    assert.equal(health.status, 200);
    assert.equal(health.json()['status'], 'ready');
    const page = await hawker.ask('/', { anonymous: true });
    assert.equal(page.status, 200);
    assert.match(page.headers['content-type'] ?? '', /text\/html/);
    for (const name of ['redirects', 'links', 'clicks']) assert.match(page.text, new RegExp(name));
  });

  it('believes a trusted proxy that asks for localhost and passes on the name the visitor asked for', async () => {
    const env = { HAWKER_TRUSTED_PROXIES: '127.0.0.1', HAWKER_CONSOLE_HOSTS: 'admin.example.com' };
    await using hawker = await startHawker({ env });
    await hawker.ask('/links/v1/domains/go.example.com', {
      method: 'PUT',
      body: { rootTarget: 'https://shop.example/' },
    });
    const behindProxy = async (name: string) =>
      (await hawker.ask('/', { anonymous: true, headers: { 'X-Forwarded-Host': name } })).status;
    assert.deepEqual(
      [await behindProxy('go.example.com'), await behindProxy('admin.example.com'), await behindProxy('other.example')],
      [302, 200, 404],
    );
  });

  it('takes two Host headers for neither and refuses them', async () => {
    await using hawker = await startHawker();
    await hawker.ask('/links/v1/domains/go.example.com', {
      method: 'PUT',
      body: { rootTarget: 'https://shop.example/' },
    });
    for (const [first, second] of [
      ['localhost', 'go.example.com'],
      ['go.example.com', 'localhost'],
    ]) {
      const socket = connect(hawker.port, '127.0.0.1');
      socket.end(`GET / HTTP/1.1\r\nHost: ${first}\r\nHost: ${second}\r\nConnection: close\r\n\r\n`);
      assert.match(await text(socket), /^HTTP\/1\.1 400 /);
    }
  });

  it('answers that it is no tunnel to who asks for one', async () => {
    await using hawker = await startHawker();
    const socket = connect(hawker.port, '127.0.0.1');
    socket.write('CONNECT shop.example:443 HTTP/1.1\r\nHost: shop.example:443\r\n\r\n');
    assert.match(await text(socket), /^HTTP\/1\.1 501 Not Implemented\r\n[\s\S]*Cache-Control: no-store/);
    assert.equal((await hawker.ask('/healthz', { anonymous: true })).status, 200);
  });

  it('answers 405 to a method that no program of today sends', async () => {
    await using hawker = await startHawker();
    const { status, headers } = await hawker.ask('/healthz', { method: 'TRACE' });
    assert.equal(status, 405);
    assert.match(String(headers['allow']), /^GET, /);
    assert.doesNotMatch(hawker.output(), /ERROR/);
  });

  it('leads from the base path to the index page', async () => {
    await using hawker = await startHawker({ env: { HAWKER_BASE_PATH: '/hawker' } });
    assert.equal((await hawker.ask('/hawker')).headers.location, '/hawker/');
    assert.equal((await hawker.ask('/hawker/')).status, 200);
  });

  it('ends, drained, when the npm that started it is ended', { timeout: 60_000 }, async () => {
    const data = mkdtempSync(join(tmpdir(), 'hawker-'));
    const env = { PATH: process.env['PATH'], PORT: '0', HAWKER_DATA: data, HAWKER_ADMIN_KEY: ADMIN_KEY };
    const npm = spawn('npm', ['start', '--silent'], { cwd: join(import.meta.dirname, '../..'), env, stdio: 'pipe' });
    try {
      let output = '';
      // Ends with the last process that holds it, which is not npm.
      for await (const chunk of npm.stdout) {
        output += String(chunk);
        if (output.includes('"ready"') && !npm.killed) npm.kill('SIGTERM');
      }
      assert.match(output, /"draining".*\n.*"stopped"/);
    } finally {
      rmSync(data, { recursive: true, force: true });
    }
  });

  it('ends with 0 on SIGTERM and on SIGINT', async () => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      await using hawker = await startHawker();
      assert.equal(await hawker.stop(signal), 0, hawker.output());
    }
  });
});
