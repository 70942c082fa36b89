import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../clock.ts';
import { loadConfig } from '../config.ts';
import { systemIds } from '../ids.ts';
import { createKeptLog } from '../testing/kept-log.ts';
import { guardAgainstLeaks } from '../testing/leak-guard.ts';
import { type OtlpReceiver, startOtlpReceiver } from '../testing/otlp-receiver.ts';
import { beginInvocation } from './invocation.ts';
import { count, stopMetrics } from './metrics.ts';
import { observe } from './observe.ts';
import { spansInUse } from './spans.ts';
import { flushTelemetry, startTelemetry } from './start-telemetry.ts';

guardAgainstLeaks();

const START = fileURLToPath(new URL('./start-process.ts', import.meta.url));
const PACKAGE = join(import.meta.dirname, '../../package.json');

afterEach(stopMetrics);

async function start(receiver: Pick<OtlpReceiver, 'url'>, env: Record<string, string> = {}) {
  const log = createKeptLog();
  const config = loadConfig({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, ...env });
  const telemetry = await startTelemetry({ config, log, clock: systemClock, ids: systemIds, name: 'bus' });
  return { log, telemetry, [Symbol.asyncDispose]: () => telemetry.close(1_000) };
}

/** One invocation with a step in it. */
async function invoke(): Promise<string> {
  const invocation = beginInvocation({ kind: 'request', name: 'GET', log: createKeptLog() });
  await invocation.run(() => observe({ name: 'store.get', kind: 'client' }, async () => undefined));
  invocation.end({ outcome: 'ok', severity: 'INFO', name: 'GET /v2/stops' });
  return 'answer';
}

const CLOUD_RUN = { K_SERVICE: 'bus-service', K_REVISION: 'bus-00001-abc', GOOGLE_CLOUD_PROJECT: 'demo-hawker' };

describe('telemetry', () => {
  it('tells whose spans they are, and which belongs to which', async () => {
    await using receiver = await startOtlpReceiver();
    {
      await using _ = await start(receiver);
      await invoke();
    }
    const [child, root] = receiver.spans;
    assert.deepEqual([root?.name, root?.kind, root?.parentSpanId], ['GET /v2/stops', 2, '']);
    assert.deepEqual([child?.name, child?.kind, child?.parentSpanId], ['store.get', 3, root?.spanId]);
    assert.ok(root && root.endNs >= root.startNs);
    const { 'service.instance.id': instance, ...resource } = root.resource;
    assert.match(String(instance), /^[\w-]{21}$/);
    const { version } = JSON.parse(readFileSync(PACKAGE, 'utf8')) as { version: string };
    assert.deepEqual(resource, { 'service.name': 'bus', 'service.namespace': 'hawker', 'service.version': version });
  });

  it('names service and revision on Cloud Run', async () => {
    await using receiver = await startOtlpReceiver();
    {
      await using _ = await start(receiver, CLOUD_RUN);
      await invoke();
    }
    const resource = receiver.spans[0]?.resource ?? {};
    assert.equal(resource['faas.name'], 'bus-service');
    assert.equal(resource['faas.version'], 'bus-00001-abc');
    assert.equal(resource['cloud.platform'], 'gcp_cloud_run');
    assert.equal(resource['gcp.project_id'], 'demo-hawker');
  });

  it('sends metrics at the end, of the same resource', async () => {
    await using receiver = await startOtlpReceiver();
    {
      await using _ = await start(receiver);
      count('hawker.redirect.hits', { 'hawker.label': 'human' }, 3);
    }
    const [pushed] = receiver.metrics.flatMap(({ resourceMetrics }) => resourceMetrics);
    const metric = pushed?.scopeMetrics[0]?.metrics.find(({ name }) => name === 'hawker.redirect.hits');
    assert.equal(metric?.sum?.dataPoints[0]?.asDouble, 3);
    const name = pushed?.resource.attributes.find(({ key }) => key === 'service.name');
    assert.equal(name?.value.stringValue, 'bus');
  });

  it('sends nothing where OTEL_SDK_DISABLED says so, whatever address there is', async () => {
    await using receiver = await startOtlpReceiver();
    {
      await using _ = await start(receiver, { OTEL_SDK_DISABLED: 'true' });
      assert.equal(spansInUse(), undefined);
      await invoke();
      count('hawker.redirect.hits', { 'hawker.label': 'human' });
    }
    assert.deepEqual(receiver.requests, []);
  });

  it('has sent the spans of an invocation on Cloud Run when it is over', async () => {
    await using receiver = await startOtlpReceiver();
    await using started = await start(receiver, CLOUD_RUN);
    assert.equal(await started.telemetry.finish(invoke), 'answer');
    assert.equal(receiver.spans.length, 2);
    const failing = async () => {
      await invoke();
      throw new Error('of its own');
    };
    await assert.rejects(started.telemetry.finish(failing), { message: 'of its own' });
    assert.equal(receiver.spans.length, 4);
  });

  it('holds up no invocation elsewhere, nor one on Cloud Run that is not recorded', async () => {
    await using receiver = await startOtlpReceiver();
    receiver.fail({ kind: 'stall' });
    {
      await using started = await start(receiver);
      await started.telemetry.finish(invoke);
      assert.equal(receiver.requests.length, 0);
      receiver.fail(undefined);
    }
    const before = receiver.requests.length;
    await using started = await start(receiver, { ...CLOUD_RUN, HAWKER_TRACE_RATE: '0' });
    await started.telemetry.finish(invoke);
    assert.equal(receiver.requests.length, before);
  });

  it('lets an invocation on Cloud Run go where the collector says nothing, and waits for none after that while it is away', async () => {
    await using receiver = await startOtlpReceiver();
    await using started = await start(receiver, CLOUD_RUN);
    receiver.fail({ kind: 'stall' });
    assert.equal(await started.telemetry.finish(invoke), 'answer');
    assert.equal(receiver.requests.length, 1);
    receiver.fail(undefined);
  });

  it('fails nothing where nobody is there, says so once, and lets go at once', async () => {
    const receiver = await startOtlpReceiver();
    await receiver[Symbol.asyncDispose]();
    await using started = await start(receiver, CLOUD_RUN);
    for (let i = 0; i < 20; i++) assert.equal(await started.telemetry.finish(invoke), 'answer');
    await started.telemetry.close(100);
    const told = started.log.lines.filter(({ message }) => message === 'traces cannot be sent');
    assert.equal(told.length, 1);
    assert.equal(told[0]?.['collector'], `${receiver.url}/v1/traces`);
  });

  it('can be flushed by whoever answers by itself', async () => {
    await using receiver = await startOtlpReceiver();
    await using _ = await start(receiver);
    await invoke();
    await flushTelemetry(5_000);
    assert.equal(receiver.spans.length, 2);
  });

  it('is over when it is closed', async () => {
    await using receiver = await startOtlpReceiver();
    const started = await start(receiver);
    await started.telemetry.close(1_000);
    assert.equal(spansInUse(), undefined);
    await invoke();
    await flushTelemetry(1_000);
    assert.deepEqual(receiver.spans, []);
  });

  it('loads nothing of OpenTelemetry where no collector is named, and what sends to one only when there is something to send', (t) => {
    const data = mkdtempSync(join(tmpdir(), 'hawker-telemetry-'));
    t.after(() => rmSync(data, { recursive: true }));
    const loaded = (settings: Record<string, string>) => {
      const env = { HAWKER_DATA: data, ...settings };
      const { status, stderr } = spawnSync(process.execPath, [START], { env, encoding: 'utf8', timeout: 20_000 });
      assert.equal(status, 0, stderr);
      return stderr.split('\n').filter(Boolean);
    };
    assert.deepEqual(loaded({}), []);
    const named = loaded({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' });
    assert.ok(named.length > 10, 'the test would notice');
    assert.deepEqual(
      named.filter((url) => /otlp-(?:sender|post|metrics|traces-client)\.|protobufjs/.test(url)),
      [],
    );
  });
});
