/** What `npm run build` leaves runs with nothing but Node, and under functions-framework. */
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { MANIFEST } from '#functions/manifest.ts';
import { ADMIN_KEY, send, startHawker, until } from '../support/hawker.ts';

const ROOT = join(import.meta.dirname, '../..');
const FRAMEWORK = join(ROOT, 'node_modules/@google-cloud/functions-framework/build/src/main.js');
const BROWSER = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36';

/** Each speaks for itself: admin APIs list, an unknown host is not found, a push or a firing that nobody signed is refused. */
const FIRST_ANSWERS: Record<string, { path: string; method?: string; status: number }> = {
  redirects: { path: '/nothing', status: 404 },
  links: { path: '/v1/domains', status: 200 },
  clicks: { path: '/nothing', method: 'POST', status: 401 },
  bus: { path: '/api/lta-datamall/v1/bus-arrival?bus-stop-id=99999', status: 200 },
  'bus-sync': { path: '/', method: 'POST', status: 401 },
  'bus-alerts': { path: '/', method: 'POST', status: 401 },
  'bus-push': { path: '/nothing', method: 'POST', status: 401 },
  leases: { path: '/v1', status: 200 },
  slides: { path: '/v1/jobs/nothing', status: 404 },
  'slides-images': { path: '/nothing', status: 404 },
  'slides-jobs': { path: '/nothing', method: 'POST', status: 401 },
  migrations: { path: '/v1/targets', status: 200 },
  'migration-runs': { path: '/nothing', method: 'POST', status: 401 },
  'migration-schedule': { path: '/', method: 'POST', status: 401 },
  'slides-sweep': { path: '/', method: 'POST', status: 401 },
  'outbox-relay': { path: '/', method: 'POST', status: 401 },
};

describe('a built function', () => {
  let away: string;

  before(() => {
    away = mkdtempSync(join(tmpdir(), 'hawker-dist-'));
    execFileSync(process.execPath, [join(ROOT, 'scripts/build.ts')], { cwd: ROOT, stdio: 'pipe', timeout: 60_000 });
    // Far from node_modules, so that nothing of the repository can be found by accident.
    for (const { name } of MANIFEST) cpSync(join(ROOT, 'dist', name), join(away, name), { recursive: true });
  });
  after(() => rmSync(away, { recursive: true, force: true }));

  it('is one of those there are: another name builds nothing, and one line says so', () => {
    const { status, stderr } = spawnSync(process.execPath, [join(ROOT, 'scripts/build.ts'), '--only', 'buses'], {
      encoding: 'utf8',
      timeout: 30_000,
    });
    assert.equal(status, 1);
    assert.match(stderr, /^build: there is no function buses; there are redirects, .*\n$/);
  });

  it('needs no development dependency', () => {
    const own = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
      devDependencies: Record<string, string>;
    };
    for (const { name } of MANIFEST) {
      const made = JSON.parse(readFileSync(join(away, name, 'package.json'), 'utf8')) as {
        dependencies: Record<string, string>;
      };
      for (const dependency of Object.keys(made.dependencies))
        assert.ok(!(dependency in own.devDependencies), `${name}: ${dependency}`);
    }
  });

  it('works with the others over one data folder: links makes, redirects answers, clicks counts', async () => {
    const data = mkdtempSync(join(tmpdir(), 'hawker-'));
    const start = (name: string) =>
      startHawker({ data, script: join(away, name, 'index.js'), env: { HAWKER_HOST: '127.0.0.1' } });
    try {
      await using links = await start('links');
      await using redirects = await start('redirects');
      await using _clicks = await start('clicks');
      const put = (path: string, body: object) => links.ask(path, { method: 'PUT', body });
      assert.equal((await put('/v1/domains/go.example.com', {})).status, 201);
      assert.equal((await put('/v1/domains/go.example.com/links/x', { target: 'https://shop.example/x' })).status, 201);
      const hit = await redirects.ask('/x', { host: 'go.example.com', headers: { 'User-Agent': BROWSER } });
      assert.equal(hit.headers.location, 'https://shop.example/x');
      await until(
        async () =>
          (await links.ask('/v1/domains/go.example.com/links/x/stats')).json<{ total: { human: number } }>().total
            .human,
        (human) => human === 1,
      );
    } finally {
      rmSync(data, { recursive: true });
    }
  });

  for (const { name } of MANIFEST) {
    it(`is accepted by functions-framework: ${name}`, async () => {
      const data = mkdtempSync(join(tmpdir(), 'hawker-'));
      const port = 20_000 + Math.floor(Math.random() * 20_000);
      const child = spawn(
        process.execPath,
        [FRAMEWORK, `--source=${join(away, name)}`, `--target=${name}`, `--port=${port}`],
        {
          cwd: away,
          env: { PATH: process.env['PATH'], HAWKER_DATA: data, HAWKER_ADMIN_KEY: ADMIN_KEY },
          stdio: 'pipe',
        },
      );
      try {
        const { path, method = 'GET', status } = FIRST_ANSWERS[name] ?? { path: '/', status: 0 };
        const answer = await until(
          () => send(port, path, { method }).catch(() => undefined),
          (reply) => reply !== undefined,
        );
        assert.equal(answer?.status, status, answer?.text);
      } finally {
        child.kill('SIGKILL');
        rmSync(data, { recursive: true, force: true });
      }
    });
  }
});
