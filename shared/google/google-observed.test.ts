/** What is measured and traced of requests to Google. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { guardAgainstLeaks } from '../testing/leak-guard.ts';
import { type WatchedTelemetry, watchTelemetry } from '../testing/watched-telemetry.ts';
import { ask } from './ask.ts';
import { ample, serve, skipping, startRig } from './rig.ts';

guardAgainstLeaks();

type Rig = Awaited<ReturnType<typeof startRig>>;

async function observing(use: (telemetry: WatchedTelemetry, rig: Rig) => Promise<void>) {
  using telemetry = await watchTelemetry();
  await using rig = await startRig(process.env);
  await use(telemetry, rig);
}

describe('requests to Google', () => {
  it('are spans and measurements of what was asked, and take the trace along, named by their span', async () => {
    await observing(async (telemetry, { own, server }) => {
      const deck = server.slides.addDeck();
      const line = await telemetry.invoke(() => own.slides.presentation(deck, ample));
      const span = telemetry.span('slides.presentation');
      assert.deepEqual(span.attributes, {
        'http.request.method': 'GET',
        'server.address': '127.0.0.1',
        'http.response.status_code': 200,
      });
      const { traceId, spanId } = span.spanContext();
      const [request] = server.requestsTo(/presentations/);
      assert.equal(request?.headers['traceparent'], `00-${traceId}-${spanId}-01`);
      assert.equal(telemetry.series('hawker.upstream.duration')['slides presentation'], 1);
      assert.equal((line['steps'] as Record<string, { times: number }>)['slides.presentation']?.times, 1);
      assert.ok(!JSON.stringify([line, span.attributes]).includes(deck), 'whose deck it was is nobody’s business');
    });
  });

  it('count each attempt by itself, with its status and how many there were before', async () => {
    await observing(async (telemetry, rig) => {
      const deck = rig.server.slides.addDeck();
      const heal = rig.server.fail({ kind: 'status', status: 503, path: /presentations/ });
      const failing = telemetry.invoke(() => rig.own.slides.presentation(deck, ample));
      const { result: line } = await skipping(rig, failing);
      heal();
      assert.equal(line?.['upstreamError'], 'slides.presentation 503');
      const attempts = telemetry.spans.filter(({ name }) => name === 'slides.presentation');
      assert.deepEqual(
        attempts.map(({ attributes }) => [
          attributes['http.request.resend_count'],
          attributes['http.response.status_code'],
          attributes['error.type'],
        ]),
        [undefined, 1, 2, 3].map((resends) => [resends, 503, '503']),
      );
      assert.deepEqual(telemetry.series('hawker.upstream.duration')['slides presentation 503'], 4);
    });
  });

  it('tell how many writes are left of Hawker’s own', async () => {
    await observing(async ({ series }, { own, server, clock }) => {
      const deck = server.slides.addDeck();
      const left = () => series('hawker.upstream.budget_left')['slides'];
      await own.slides.presentation(deck, ample);
      assert.equal(left(), 60);
      await own.slides.batchUpdate(deck, { requests: [] }, ample);
      assert.equal(left(), 59);
      await clock.advance(60_000);
      assert.equal(left(), 60);
    });
  });

  it('say nothing of the trace to who keeps images, nor where there is none', async () => {
    using telemetry = await watchTelemetry();
    const seen: (string | string[] | undefined)[] = [];
    await using served = await serve(({ headers }, response) => {
      seen.push(headers['traceparent']);
      response.end('an image');
    });
    const bounds = { ms: 20_000, bytes: 1_000, signal: ample.signal };
    const call = { upstream: 'slides', operation: 'content' } as const;
    await using rig = await startRig(process.env);
    await telemetry.invoke(() => ask(served, bounds, rig.clock, { ...call, untraced: true }));
    await ask(served, bounds, rig.clock, call);
    assert.deepEqual(seen, [undefined, undefined]);
    await telemetry.invoke(() => ask(served, bounds, rig.clock, call));
    assert.match(String(seen[2]), /^00-/);
    assert.ok(!JSON.stringify(telemetry.spans.map(({ attributes }) => attributes)).includes('secret'));
  });
});
