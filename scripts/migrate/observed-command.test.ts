/** What the command sends to a collector before it ends, and what becomes of it where there is none. */
import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { describe, it } from 'node:test';
import { startOtlpReceiver } from '#shared/testing/otlp-receiver.ts';
import { openPlace } from './testing.ts';

const LIMIT = { timeout: 120_000 };
const ofRun = (stdout: string) => stdout.replaceAll(/\d+ ms/g, 'T').replaceAll(/run [\w-]{21}/g, 'run ID');

/** Where nobody listens any more. */
async function nowhere(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${port}`;
}

describe('npm run migrate with a collector', () => {
  it('has sent its spans and what it counted when it ends, as one trace', LIMIT, async () => {
    using place = openPlace();
    await using receiver = await startOtlpReceiver();
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url };
    const { code, stderr, stdout } = await place.migrate(['up', '2'], { env });
    assert.deepEqual([code, stderr], [0, '']);
    const [root, ...others] = receiver.spans.filter(({ parentSpanId }) => parentSpanId === '');
    assert.deepEqual([root?.name, root?.attributes['process.exit.code'], others], ['migrate up', 0, []]);
    assert.equal(root?.resource['service.name'], 'migrate');
    assert.deepEqual([...new Set(receiver.spans.map(({ traceId }) => traceId))], [root.traceId]);
    const run = receiver.spans.find(({ name }) => name === 'migration.run');
    assert.equal(run?.parentSpanId, root.spanId);
    assert.ok(stdout.includes(`run ${String(run.attributes['hawker.run'])}\n`));
    const below = receiver.spans.filter(({ parentSpanId }) => parentSpanId === run.spanId).map(({ name }) => name);
    assert.deepEqual(
      below.filter((name) => name.startsWith('migration.')),
      ['migration.lock', 'migration.connect', 'migration.lock', 'migration.step', 'migration.step'],
    );
    assert.match(JSON.stringify(receiver.metrics), /hawker\.migration\.runs.*succeeded/);
  });

  it('marks as failed what failed, also where it speaks as golang-migrate does', LIMIT, async () => {
    using place = openPlace();
    await using receiver = await startOtlpReceiver();
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url };
    const folder = place.folder({ '1_a.up.sql': 'create table a (x int); insert into nowhere values (42)' });
    const typed = ['--compat', '-path', folder, '-database', `sqlite3://${place.path}/a.db`, 'up'];
    assert.equal((await place.migrate(typed, { env })).code, 1);
    const failed = receiver.spans.filter(({ status }) => status === 2).map(({ name }) => name);
    assert.deepEqual(failed.sort(), ['migrate up', 'migration.run', 'migration.step']);
    const [step] = receiver.spans.filter(({ name }) => name === 'migration.step');
    assert.deepEqual(
      [step?.attributes['error.type'], step?.attributes['db.response.status_code']],
      ['migration_failed', '1'],
    );
    assert.doesNotMatch(
      JSON.stringify(receiver.spans, (_, value) => (typeof value === 'bigint' ? `${value}` : value)),
      /nowhere|42\)/,
    );
  });

  it('does the same where the collector is away or does not answer, and says so once', LIMIT, async () => {
    using place = openPlace();
    await using receiver = await startOtlpReceiver();
    receiver.fail({ kind: 'stall' });
    const talk = 'sample: run ID\nsample: up 1 stalls (T)\nsample: done; at version 1\n';
    for (const url of [await nowhere(), receiver.url]) {
      const env = { OTEL_EXPORTER_OTLP_ENDPOINT: url };
      const { code, stderr, stdout } = await place.migrate(['up', '1'], { env });
      assert.deepEqual([code, ofRun(stdout)], [0, talk]);
      assert.match(stderr, /^migrate: [^\n]*(?:traces|metrics) cannot be sent [^\n]+\n$/);
      assert.equal((await place.migrate(['down', '1'])).code, 0);
    }
  });
});
