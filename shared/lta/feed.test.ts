import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { describe, it } from 'node:test';
import { isAppError } from '../errors.ts';
import { feedTroubleOf } from './feed-refusal.ts';
import { service, setupFeed } from './feed-rig.ts';
import { STALE_MS, TTL_MS } from './lta.ts';

describe('the feed', () => {
  it('asks LTA once, and answers from memory for as long as that is as good as new', async () => {
    const { feed, clock, calls, answered } = setupFeed();
    const first = await answered('a', '15');
    const { snapshot } = first;
    assert.deepEqual(first, { snapshot, source: 'live', upstream: { status: 'ok' } });
    assert.deepEqual(snapshot, { stop: 'a', services: [service('15')], fetchedAt: clock.now(), fetchedMono: 0 });
    await clock.advance(TTL_MS - 1);
    assert.deepEqual(await feed.read('a'), { snapshot, source: 'cache', upstream: { status: 'ok' } });
    assert.equal(calls.length, 1);
    await clock.advance(1);
    assert.equal((await answered('a', '16')).source, 'live');
    assert.equal(calls.length, 2);
  });

  it('counts the age of an answer from when it was complete', async () => {
    const { feed, clock, calls, last } = setupFeed();
    const reading = feed.read('a');
    await clock.advance(3_000);
    last().answer();
    assert.equal((await reading).snapshot.fetchedMono, 3_000);
    await clock.advance(TTL_MS - 1);
    assert.equal((await feed.read('a')).source, 'cache');
    assert.equal(calls.length, 1);
  });

  it('makes one call for all who wait, and gives each the same snapshot', async () => {
    const { feed, calls, clock, last } = setupFeed();
    const readings = Array.from({ length: 1_000 }, () => feed.read('a'));
    await clock.advance(100);
    readings.push(feed.read('a'));
    last().answer();
    const all = await Promise.all(readings);
    assert.equal(calls.length, 1);
    assert.equal(new Set(all.map(({ snapshot }) => snapshot)).size, 1);
    assert.ok(all.every(({ source }) => source === 'live'));
  });

  it('keeps stops apart', async () => {
    const { answered, calls } = setupFeed();
    assert.deepEqual((await answered('a', '1')).snapshot.services, [service('1')]);
    assert.deepEqual((await answered('b', '2')).snapshot.services, [service('2')]);
    assert.deepEqual(
      calls.map(({ stop }) => stop),
      ['a', 'b'],
    );
  });

  it('goes by the monotonic clock alone, while the wall clock jumps', async () => {
    const { feed, clock, calls, answered } = setupFeed();
    await answered();
    const wall = clock.now();
    clock.now = () => wall + 86_400_000;
    assert.equal((await feed.read('a')).source, 'cache');
    clock.now = () => wall - 86_400_000;
    await clock.advance(TTL_MS);
    const reading = await answered();
    assert.equal(calls.length, 2);
    assert.equal(reading.snapshot.fetchedAt, wall - 86_400_000);
    assert.equal((await feed.read('a')).source, 'cache');
  });

  it('says when it would ask again', async () => {
    const { feed, clock, last, answered, failed } = setupFeed();
    assert.equal(feed.dueInMs('a'), 0);
    await answered('a');
    await clock.advance(5_000);
    assert.equal(feed.dueInMs('a'), 15_000);
    await clock.advance(15_000);
    assert.equal(feed.dueInMs('a'), 0);
    const reading = feed.read('a');
    await clock.advance(4_000);
    assert.equal(feed.dueInMs('a'), 0, 'who reads now gets what is under way');
    last().fail('timeout');
    await reading;
    await clock.advance(0);
    assert.equal(feed.dueInMs('a'), 16_000, 'from the start of the attempt');
    await assert.rejects(failed('b', 'rate_limited', { retryAfterMs: 50_000 }));
    assert.equal(feed.dueInMs('a'), 50_000, 'not before the breaker lets it');
    assert.equal(feed.dueInMs('new'), 50_000);
  });

  it('gives who has waited for a second the last answer, says that LTA is slow, and has the new one for the next', async () => {
    const { feed, clock, calls, last, answered } = setupFeed();
    await answered('a', '15');
    await clock.advance(30_000);
    const reading = feed.read('a');
    await clock.advance(999);
    let told = false;
    void reading.then(() => {
      told = true;
    });
    await clock.advance(0);
    assert.equal(told, false, 'LTA mostly answers within that');
    await clock.advance(1);
    const { source, upstream, snapshot } = await reading;
    assert.deepEqual(
      [source, upstream, snapshot.services[0]?.service],
      ['stale', { status: 'failing', reason: 'slow' }, '15'],
    );
    last().answer('16');
    await clock.advance(0);
    const next = await feed.read('a');
    assert.deepEqual([next.source, next.snapshot.services[0]?.service], ['cache', '16']);
    assert.equal(calls.length, 2, 'one call for both');
  });

  it('waits for LTA where there is nothing that could be told instead', async () => {
    const { feed, clock, calls, answered } = setupFeed();
    await answered('a');
    await clock.advance(121_000);
    const readings = Promise.all([feed.read('a'), feed.read('b')]);
    await clock.advance(3_000);
    for (const call of calls.filter(({ open }) => open)) call.answer('16');
    assert.deepEqual(
      (await readings).map(({ source }) => source),
      ['live', 'live'],
    );
  });

  it('tells the operator what is left, and how often it asked', async () => {
    const { feed, answered, failed } = setupFeed({ callsPerMinute: 40 });
    const state = { callsLeft: 10, callsPerMinute: 40, breaker: 'closed', stops: 0, calls: 0, failures: 0 };
    assert.deepEqual(feed.state(), state);
    await answered('a');
    await feed.read('a');
    await answered('b');
    await assert.rejects(failed('c', 'bad_body'));
    assert.deepEqual(feed.state(), { ...state, callsLeft: 7, stops: 2, calls: 3, failures: 1 });
    await assert.rejects(failed('d', 'rate_limited', { retryAfterMs: 5_000 }));
    assert.equal(feed.state().breaker, 'open');
  });
});

describe('somebody who stops waiting', () => {
  it('is let go at once, with their own reason, while the call goes on for the others', async () => {
    const { feed, calls, clock, last } = setupFeed();
    const leaver = new AbortController();
    const left = feed.read('a', leaver.signal);
    const stays = feed.read('a', new AbortController().signal);
    leaver.abort(new Error('went home'));
    await assert.rejects(left, /went home/);
    await clock.advance(1_000);
    last().answer();
    assert.equal((await stays).source, 'live');
    assert.equal(calls.length, 1);
  });

  it('leaves the call to go on, even as the only one, and the next reader has its answer', async () => {
    const { feed, calls, clock, last } = setupFeed();
    const leaver = new AbortController();
    const left = feed.read('a', leaver.signal);
    leaver.abort();
    await assert.rejects(left, { name: 'AbortError' });
    assert.equal(last().signal?.aborted, false);
    const joins = feed.read('a');
    last().answer();
    assert.equal((await joins).source, 'live');
    await clock.advance(1_000);
    assert.equal((await feed.read('a')).source, 'cache');
    assert.equal(calls.length, 1);
  });

  it('makes no call when they had gone before', async () => {
    const { feed, calls } = setupFeed();
    await assert.rejects(feed.read('a', AbortSignal.abort(new Error('gone'))), /gone/);
    assert.equal(calls.length, 0);
    assert.equal(feed.state().callsLeft, 60);
  });

  it('leaves no listener on a signal that lives on', async () => {
    const { feed, clock, last, failed } = setupFeed();
    const { signal } = new AbortController();
    const first = feed.read('a', signal);
    last().answer();
    await first;
    await feed.read('a', signal);
    await clock.advance(TTL_MS);
    const second = feed.read('a', signal);
    last().fail('timeout');
    await second;
    await assert.rejects(failed('b', 'timeout'));
    await clock.advance(0);
    assert.equal(getEventListeners(signal, 'abort').length, 0);
  });
});

describe('a call that the client never ends', () => {
  it('is given up after ten seconds, as a timeout; what comes of it later is nothing', async () => {
    const { feed, clock, calls, last } = setupFeed();
    const readings = [feed.read('a'), feed.read('a', new AbortController().signal)];
    const settled = Promise.allSettled(readings);
    const forgotten = last();
    await clock.advance(10_000);
    for (const result of await settled) {
      assert.ok(result.status === 'rejected' && isAppError(result.reason, 'unavailable'));
      assert.deepEqual(feedTroubleOf(result.reason), { reason: 'timeout' });
      assert.equal(result.reason.headers['Retry-After'], '10');
    }
    assert.equal(forgotten.signal?.aborted, true);
    forgotten.answer();
    await clock.advance(0);
    assert.equal(feed.state().stops, 0);
    await clock.advance(TTL_MS - 10_000);
    const next = feed.read('a');
    assert.equal(calls.length, 2);
    last().answer();
    assert.equal((await next).source, 'live');
    assert.equal(clock.sleepers, 0);
  });

  it('gives those who wait the last snapshot, if it is not too old by then', async () => {
    const { feed, clock, answered } = setupFeed();
    await answered();
    await clock.advance(STALE_MS - 10_000);
    const reading = feed.read('a');
    await clock.advance(10_000);
    assert.equal((await reading).source, 'stale');
  });
});

describe('many stops', () => {
  it('may be more than are remembered, and none is forgotten while it must not be asked for again', async () => {
    const { feed, clock, calls, answered, last } = setupFeed({ callsPerMinute: 6_000 });
    const waiting = feed.read('a');
    const call = last();
    for (let i = 0; i < 1_499; i++) await answered(`stop ${i}`);
    assert.equal(feed.dueInMs('more') > 0, true, 'the budget is used up');
    call.answer();
    await waiting;
    await clock.advance(TTL_MS - 1);
    for (let i = 0; i < 1_400; i++) await answered(`other ${i}`);
    const before = calls.length;
    assert.equal((await feed.read('a')).source, 'cache');
    assert.equal(calls.length, before);
  });

  it('take no more memory than 2,000 of them', async () => {
    const { feed, clock, answered } = setupFeed({ callsPerMinute: 1_000 });
    for (let i = 0; i < 2_500; i++) {
      await answered(`stop ${i}`);
      await clock.advance(feed.dueInMs('next'));
    }
    assert.equal(feed.state().stops, 2_000);
  });
});
