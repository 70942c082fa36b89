/** The numbers of a real process, as `promtool` judges them and as a real Prometheus stores them. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { guardAgainstLeaks } from '#shared/testing/leak-guard.ts';
import { startOtlpReceiver } from '#shared/testing/otlp-receiver.ts';
import { checkMetrics, without } from '#shared/testing/promtool.ts';
import { freePort } from '../../scripts/loopback.ts';
import { type Hawker, runToEnd, send, startHawker, until } from '../support/hawker.ts';
import { startPrometheus } from '../support/prometheus.ts';

guardAgainstLeaks();

const HOST = 'go.example.com';
const BROWSER = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36';

/** A link that people and a bot open, and addresses that lead nowhere. */
async function openLinks(hawker: Hawker): Promise<void> {
  const put = async (path: string, body: object) => {
    assert.equal((await hawker.ask(`/links/v1/domains/${HOST}${path}`, { method: 'PUT', body })).status, 201);
  };
  await put('', {});
  await put('/links/sale', { target: 'https://shop.example/' });
  const visit = async (path: string, userAgent = BROWSER) =>
    (await hawker.ask(path, { host: HOST, headers: { 'User-Agent': userAgent } })).status;
  for (let i = 0; i < 5; i++) assert.equal(await visit(`/sale?secret=${i}`), 302);
  assert.equal(await visit('/sale', 'curl/8.0'), 302);
  assert.equal(await visit('/nowhere'), 404);
  assert.equal(await visit('/robots.txt'), 200);
}

const START = { args: ['--only', 'redirects,links,clicks'] };

describe('metrics of a process', { timeout: 100_000 }, () => {
  it('satisfy promtool, and hold no host, link or query', { skip: without('promtool') ?? false }, async () => {
    const ops = await freePort();
    await using hawker = await startHawker({ ...START, env: { HAWKER_OPS_PORT: `${ops}` } });
    await openLinks(hawker);
    const { status, text } = await send(ops, '/metrics', { anonymous: true });
    assert.equal(status, 200);
    const { code, said } = await checkMetrics(text);
    assert.deepEqual([code, said], [0, '']);
    assert.match(text, /^hawker_redirect_hits_total\{hawker_label="human"\} 5$/m);
    assert.match(text, /^hawker_redirect_hits_total\{hawker_label="scanner"\} 0$/m);
    assert.match(text, /^hawker_redirect_hits_lost_total 0$/m);
    assert.match(text, /^process_cpu_time_seconds_total\{cpu_mode="user"\} \d/m);
    assert.match(
      text,
      /^hawker_queue_depth\{messaging_destination_subscription_name="clicks",hawker_state="dead"\} 0$/m,
    );
    assert.match(text, /^http_server_request_duration_seconds_count\{[^}]*http_response_status_code="201"[^}]*\} 1$/m);
    assert.doesNotMatch(text, /go\.example|sale|secret|shop/);
    assert.equal((await send(hawker.port, '/metrics')).status, 404, 'the first port does not tell them');
    assert.equal(await hawker.stop(), 0);
  });

  it('are scraped by Prometheus, with exemplars that name a trace which was sent', {
    skip: without('prometheus') ?? false,
  }, async () => {
    const ops = await freePort();
    await using collector = await startOtlpReceiver();
    const env = { HAWKER_OPS_PORT: `${ops}`, OTEL_EXPORTER_OTLP_ENDPOINT: collector.url };
    await using hawker = await startHawker({ ...START, env });
    await openLinks(hawker);
    await using prometheus = await startPrometheus(ops);
    const becomes = async (promql: string, wanted: number) => {
      const found = await until(
        () => prometheus.query(promql),
        ([sample]) => Number(sample?.value[1]) === wanted,
        20_000,
      );
      assert.equal(found.length, 1);
    };

    await becomes('up{job="hawker"}', 1);
    await becomes('sum by (hawker_label) (hawker_redirect_hits_total{hawker_label="human"})', 5);
    await becomes('hawker_redirect_hits_total{hawker_label="bot"}', 1);
    for (const [outcome, count] of Object.entries({ redirected: 6, not_found: 1, reserved: 1 }))
      await becomes(`sum(hawker_redirect_duration_seconds_count{hawker_outcome="${outcome}"})`, count);
    await becomes('count(target_info{service_name="hawker"})', 1);
    await becomes('hawker_queue_depth{messaging_destination_subscription_name="clicks",hawker_state="waiting"}', 0);
    const [p99] = await prometheus.query(
      'histogram_quantile(0.99, sum by (le) (hawker_redirect_duration_seconds_bucket{hawker_outcome="redirected"}))',
    );
    assert.ok(Number(p99?.value[1]) > 0 && Number(p99?.value[1]) < 10, `${p99?.value[1]}`);

    const [found] = await until(
      () => prometheus.exemplars('hawker_redirect_duration_seconds_bucket{hawker_outcome="redirected"}'),
      (all) => all.some(({ exemplars }) => exemplars.length > 0),
      20_000,
    );
    const [exemplar] = found?.exemplars ?? [];
    const { trace_id: traceId, span_id: spanId } = exemplar?.labels ?? {};
    assert.match(traceId ?? '', /^[0-9a-f]{32}$/);
    await collector.until(({ spans }) => spans.some((span) => span.traceId === traceId && span.spanId === spanId));
    assert.equal(await hawker.stop(), 0);
    const pushed = collector.metrics.at(-1)?.resourceMetrics[0]?.scopeMetrics[0]?.metrics ?? [];
    const hits = pushed.find(({ name }) => name === 'hawker.redirect.hits')?.sum?.dataPoints ?? [];
    const human = hits.find(({ attributes = [] }) => attributes[0]?.value.stringValue === 'human');
    assert.equal(human?.asDouble, 5, 'the last numbers are pushed as the process ends');
  });

  it('are not there without the setting, and a busy port is named by it', async () => {
    await using first = await startHawker({ ...START });
    assert.doesNotMatch(first.output(), /metrics/);
    const { code, stderr } = await runToEnd({ ...START, env: { HAWKER_OPS_PORT: `${first.port}` } });
    assert.equal(code, 1);
    assert.match(
      stderr,
      new RegExp(`port ${first.port} on 127\\.0\\.0\\.1 is in use.*; set HAWKER_OPS_PORT to a free`),
    );
  });
});
