/** One trace over built functions, each in a process of its own as on Cloud Run, with the emulators of Firestore and Pub/Sub between them. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { startOtlpReceiver } from '#shared/testing/otlp-receiver.ts';
import { apart } from '../support/bundle.ts';
import { EMULATED, WITHOUT_EMULATORS } from '../support/emulated.ts';

const ROOT = join(import.meta.dirname, '../..');
const NEEDED = ['redirects', 'links', 'clicks'];
const BROWSER = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36';
const away = mkdtempSync(join(tmpdir(), 'hawker-traces-'));
const dist = join(away, 'dist');

before(() => {
  if (WITHOUT_EMULATORS) return;
  for (const name of NEEDED)
    execFileSync(process.execPath, [join(ROOT, 'scripts/build.ts'), '--out', dist, '--only', name], {
      cwd: ROOT,
      stdio: 'pipe',
      timeout: 100_000,
    });
  symlinkSync(join(ROOT, 'node_modules'), join(away, 'node_modules'));
});
after(() => rmSync(away, { recursive: true, force: true }));

for (const by of ['itself', 'framework'] as const)
  describe(`a trace of functions apart, each ${by === 'itself' ? 'by itself' : 'under functions-framework'}`, {
    skip: WITHOUT_EMULATORS,
    timeout: 100_000,
  }, () => {
    it('is sent before each answer ends, and goes from a redirect over Pub/Sub to the counts', async () => {
      await using receiver = await startOtlpReceiver();
      // Cloud Run is known by it.
      const env = { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, HAWKER_TRACE_RATE: '100', K_SERVICE: 'some-service' };
      await using place = await apart(dist, EMULATED, by)({ only: NEEDED, env });
      const named = (service: string, kind: number) =>
        receiver.spans.filter(({ resource, kind: own }) => resource['service.name'] === service && own === kind);

      const domain = '/links/v1/domains/go.example.com';
      assert.equal((await place.ask(domain, { method: 'PUT', body: {} })).status, 201);
      const puts = () => named('links', 2).filter(({ name }) => name.startsWith('PUT')).length;
      assert.equal(puts(), 1, 'it is there as soon as the answer is');
      const target = 'https://shop.example/';
      assert.equal((await place.ask(`${domain}/links/sale`, { method: 'PUT', body: { target } })).status, 201);
      assert.equal(puts(), 2);

      const headers = { 'User-Agent': BROWSER };
      const redirects = () => named('redirects', 2).filter(({ attributes }) => attributes['url.path'] === '/sale');
      assert.equal((await place.ask('/sale', { host: 'go.example.com', headers })).status, 302);
      await receiver.until(() => redirects().length > 0 && named('clicks', 5).length > 0, 30_000);
      const [redirect] = redirects();
      const own = receiver.spans.filter(({ traceId }) => traceId === redirect?.traceId);
      const ids = new Set(own.map(({ spanId }) => spanId));
      assert.deepEqual(
        own.filter(({ parentSpanId }) => parentSpanId !== '' && !ids.has(parentSpanId)).map(({ name }) => name),
        [],
      );
      const services = new Set(own.map(({ resource }) => resource['service.name']));
      assert.deepEqual(services, new Set(['redirects', 'clicks']));
      assert.ok(own.some(({ name, resource }) => name === 'store.commit' && resource['service.name'] === 'clicks'));
      assert.equal(redirect?.resource['faas.name'], 'some-service');
    });
  });
