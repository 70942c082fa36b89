/** The feed with its client, over HTTP, on simulated time: what LTA sees of it. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { systemIds } from '../ids.ts';
import { createFakeClock } from '../testing/fake-clock.ts';
import { startFakeLta } from '../testing/fake-lta.ts';
import { arrivalBody } from '../testing/fake-lta-replies.ts';
import { createKeptLog } from '../testing/kept-log.ts';
import { guardAgainstLeaks } from '../testing/leak-guard.ts';
import { createLtaClient } from './client.ts';
import { createFeed } from './feed.ts';
import { feedTroubleOf } from './feed-refusal.ts';
import { mostInAMinute } from './feed-rig.ts';
import { type Reading, STALE_MS, TTL_MS } from './lta.ts';

guardAgainstLeaks();

const STOP = '83139';

async function setup(options: { key?: string } = {}) {
  const clock = createFakeClock();
  const log = createKeptLog();
  const lta = await startFakeLta({ clock });
  lta.setArrivals(STOP, (now: number) => arrivalBody(STOP, [{ service: '15', etas: [new Date(now + 300_000)] }]));
  const client = createLtaClient({ baseUrl: lta.url, key: options.key ?? lta.key, clock });
  const feed = createFeed({ client, clock, log, ids: { ...systemIds, random: () => 0 }, callsPerMinute: 240 });
  return {
    clock,
    log,
    lta,
    feed,
    times: () => lta.callsOf(STOP).map(({ at }) => at),
    [Symbol.asyncDispose]: lta.close,
  };
}

const reasonOf = (error: unknown) => feedTroubleOf(error)?.reason ?? error;
/** What a reader gets, in a word. */
const outcome = (reading: Promise<Reading>) =>
  reading.then(
    ({ source, upstream }) => (upstream.status === 'ok' ? source : `${source} ${upstream.reason}`),
    (error: unknown) => `refused ${reasonOf(error)}`,
  );

describe('LTA behind the feed', () => {
  it('is called three times in a minute for a stop that a thousand watch every second', async () => {
    await using world = await setup();
    const { feed, clock, times } = world;
    const sources = new Set<string>();
    for (let second = 0; second < 120; second++) {
      const readings = await Promise.all(Array.from({ length: 1_000 }, () => feed.read(STOP)));
      for (const { source, snapshot } of readings) {
        sources.add(source);
        assert.deepEqual(
          snapshot.services.map((row) => row.service),
          ['15'],
        );
      }
      await clock.advance(1_000);
    }
    assert.deepEqual(times(), [0, 20_000, 40_000, 60_000, 80_000, 100_000]);
    assert.equal(mostInAMinute(times()), 3);
    assert.deepEqual([...sources].sort(), ['cache', 'live']);
  });

  it('finishes its answer although everybody who asked has gone, and the next has it from memory', async () => {
    await using world = await setup();
    const { feed, lta } = world;
    const release = lta.hold();
    const leavers = Array.from({ length: 100 }, () => new AbortController());
    const left = Promise.allSettled(leavers.map(({ signal }) => feed.read(STOP, signal)));
    await lta.called(1);
    for (const leaver of leavers) leaver.abort();
    assert.ok((await left).every(({ status }) => status === 'rejected'));
    const waits = feed.read(STOP);
    release();
    assert.equal((await waits).source, 'live');
    assert.equal((await feed.read(STOP)).source, 'cache');
    assert.equal(lta.calls.length, 1);
  });

  it('is left alone by everybody for as long as its 429 asks', async () => {
    await using world = await setup();
    const { feed, lta, clock } = world;
    assert.equal(await outcome(feed.read(STOP)), 'live');
    await clock.advance(TTL_MS);
    lta.fail({ kind: 'answer', status: 429, headers: { 'retry-after': '45' } }, { times: 1 });
    assert.equal(await outcome(feed.read(STOP)), 'stale rate_limited');
    for (let second = 0; second < 45; second++) {
      assert.equal(await outcome(feed.read(STOP)), 'stale rate_limited');
      assert.equal(await outcome(feed.read('01012')), 'refused rate_limited');
      await clock.advance(1_000);
    }
    assert.equal(lta.calls.length, 2);
    assert.equal(await outcome(feed.read(STOP)), 'live');
    assert.equal(await outcome(feed.read('01012')), 'live');
  });

  it('is asked three times in a minute at most while it fails, and answers are back when it is', async () => {
    const faults = [
      { kind: 'answer', status: 503 },
      { kind: 'lose' },
      { kind: 'html' },
      { kind: 'answer', status: 401 },
    ] as const;
    for (const fault of faults) {
      await using world = await setup();
      const { feed, lta, clock, times, log } = world;
      assert.equal(await outcome(feed.read(STOP)), 'live');
      await clock.advance(TTL_MS);
      lta.fail(fault);
      for (let second = 20; second < 200; second++) {
        const seen = new Set(await Promise.all(Array.from({ length: 100 }, () => outcome(feed.read(STOP)))));
        assert.equal(seen.size, 1);
        assert.match([...seen].join(), second * 1_000 <= STALE_MS ? /^stale / : /^refused /);
        await clock.advance(1_000);
      }
      assert.ok(mostInAMinute(times()) <= 3);
      lta.heal();
      // The breaker's time, with what it adds at random.
      for (let second = 0; second <= 22 && (await outcome(feed.read(STOP))) !== 'live'; second++)
        await clock.advance(1_000);
      assert.equal(await outcome(feed.read(STOP)), 'cache');
      assert.ok(mostInAMinute(times()) <= 3);
      assert.equal(log.lines.filter(({ severity }) => severity === 'WARNING').length <= 1, true);
    }
  });

  it('that never answers keeps nobody waiting for longer than the client’s limit', async () => {
    await using world = await setup();
    const { feed, lta, clock } = world;
    lta.fail({ kind: 'stall headers' }, { times: 1 });
    const seen = Promise.all(Array.from({ length: 100 }, () => outcome(feed.read(STOP))));
    await lta.called(1);
    await clock.advance(4_000);
    assert.deepEqual(new Set(await seen), new Set(['refused timeout']));
    assert.equal(lta.calls.length, 1);
    await clock.advance(16_000);
    assert.equal(await outcome(feed.read(STOP)), 'live');
    assert.equal(clock.sleepers, 0);
  });

  it('that refuses the key is named with the setting, and the key is nowhere', async () => {
    const key = 'bm90IHRoZSByaWdodCBrZXk=';
    await using world = await setup({ key });
    const { feed, log } = world;
    const error = await feed.read(STOP).catch((thrown: unknown) => thrown as Error);
    assert.ok(error instanceof Error);
    assert.deepEqual(feedTroubleOf(error), { reason: 'key_refused', httpStatus: 401 });
    assert.match(error.message, /LTA_ACCOUNT_KEY/);
    assert.doesNotMatch(`${error.stack} ${JSON.stringify(error)} ${JSON.stringify(log.lines)}`, /bm90IHRoZSB/);
  });
});
