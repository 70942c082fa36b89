/** What a job tells metrics, traces and the log, against Google on loopback. */
import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { type FakeGoogle, startFakeGoogle } from '../testing/google/start.ts';
import { guardAgainstLeaks } from '../testing/leak-guard.ts';
import { type WatchedTelemetry, watchTelemetry } from '../testing/watched-telemetry.ts';
import { startWorkRig } from './work-google-rig.ts';
import { atPage, atTag, someDeck } from './work-rig.ts';

guardAgainstLeaks();

type Rig = Awaited<ReturnType<typeof startWorkRig>>;

async function observing(use: (telemetry: WatchedTelemetry, rig: Rig, fake: FakeGoogle) => Promise<void>) {
  using telemetry = await watchTelemetry();
  await using fake = await startFakeGoogle();
  Object.assign(process.env, fake.env);
  await using rig = await startWorkRig(fake);
  await use(telemetry, rig, fake);
}

describe('a job under observation', () => {
  afterEach(() => {
    delete process.env['GCE_METADATA_HOST'];
  });

  it('is a trace of what was read, converted and written, and tells no address', async () => {
    await observing(async (telemetry, rig, fake) => {
      const deck = rig.addDeck(someDeck());
      const line = await telemetry.invoke(() => rig.work().run(rig.input('job', deck, [atPage(1), atTag('logo', 2)])));
      const steps = line['steps'] as Record<string, { times: number }>;
      const times = Object.fromEntries(Object.entries(steps).map(([name, step]) => [name, step.times]));
      assert.deepEqual(times, {
        'slides.presentation': 2,
        'slides.prepare': 1,
        'image.convert': 2,
        'slides.write': 1,
        'slides.batchUpdate': 1,
      });
      assert.deepEqual([line['placed'], line['notPlaced'], line['writes']], [2, 0, 1]);
      const idOf = (name: string) => telemetry.span(name).spanContext().spanId;
      assert.equal(telemetry.span('slides.batchUpdate').parentSpanContext?.spanId, idOf('slides.write'));
      for (const span of telemetry.spans.filter(({ name }) => name === 'image.convert'))
        assert.equal(span.parentSpanContext?.spanId, idOf('slides.prepare'));
      const told = JSON.stringify([line, telemetry.spans.map(({ attributes, events }) => [attributes, events])]);
      for (const { url } of fake.slides.fetches) assert.ok(!told.includes(new URL(url).pathname.slice(1)));
      assert.ok(!told.includes('slides-images'));
    });
  });

  it('counts its images when it ends, and the sizes of those that Google was to fetch', async () => {
    await observing(async ({ series }, rig) => {
      const deck = rig.addDeck(someDeck());
      const images = [atPage(1), atTag('no such tag', 2)];
      const outcome = await rig.work().run(rig.input('some', deck, images, { onError: 'skip' }));
      assert.equal(outcome.state, 'partial');
      assert.deepEqual(series('hawker.slides.images'), { placed: 1, failed: 1 });
      assert.deepEqual(series('hawker.slides.image.size'), { no: 1 });
      await rig.work().dryRun(rig.input('dry', deck, [atPage(1)]));
      assert.deepEqual(series('hawker.slides.image.size'), { no: 1 }, 'of a dry run Google gets nothing');
    });
  });

  it('that cannot be done counts all of its images as failed, and one that may pass counts none', async () => {
    await observing(async ({ series }, rig, fake) => {
      const failing = () => rig.work().run(rig.input('job', 'no-such-deck', [atPage(1), atPage(2)]));
      await assert.rejects(failing(), { code: 'not_found' });
      assert.deepEqual(series('hawker.slides.images'), { failed: 2 });
      fake.fail({ kind: 'status', status: 503, path: /presentations/ });
      await assert.rejects(failing(), { code: 'unavailable' });
      assert.deepEqual(series('hawker.slides.images'), { failed: 2 });
    });
  });
});
