import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AppError, isAppError } from '../errors.ts';
import { feedTroubleOf } from './feed-refusal.ts';
import { mostInAMinute, setupFeed } from './feed-rig.ts';
import { type FeedTrouble, type LtaTrouble, STALE_MS, TTL_MS } from './lta.ts';

/** Matches a refusal; `seconds` is its Retry-After. */
const refused = (reason: FeedTrouble, seconds: number, words?: RegExp) => (error: unknown) => {
  assert.ok(isAppError(error, 'unavailable'));
  assert.equal(feedTroubleOf(error)?.reason, reason);
  assert.equal(error.headers['Retry-After'], String(seconds));
  if (words) assert.match(error.message, words);
  return true;
};

describe('when LTA fails for a stop', () => {
  it('the last snapshot is served and called stale, until it is two minutes old', async () => {
    const { feed, clock, answered, failed } = setupFeed();
    const { snapshot } = await answered();
    await clock.advance(TTL_MS);
    const upstream = { status: 'failing', reason: 'bad_status', httpStatus: 500 };
    assert.deepEqual(await failed('a', 'bad_status', { httpStatus: 500 }), { snapshot, source: 'stale', upstream });
    await clock.advance(TTL_MS - 1);
    assert.deepEqual(await feed.read('a'), { snapshot, source: 'stale', upstream });
    await clock.advance(STALE_MS - 2 * TTL_MS + 1);
    assert.equal((await failed('a', 'timeout')).source, 'stale');
    await clock.advance(1);
    await assert.rejects(feed.read('a'), refused('timeout', 20));
  });

  it('it is not asked again before TTL_MS have passed since that attempt began', async () => {
    const { feed, clock, calls, last } = setupFeed();
    const reading = assert.rejects(feed.read('a'), refused('timeout', 16));
    await clock.advance(4_000);
    last().fail('timeout');
    await reading;
    await clock.advance(15_999);
    await assert.rejects(feed.read('a'), refused('timeout', 1));
    assert.equal(calls.length, 1);
    await clock.advance(1);
    const next = feed.read('a');
    last().answer();
    assert.deepEqual((await next).upstream, { status: 'ok' });
    assert.deepEqual(
      calls.map(({ at }) => at),
      [0, TTL_MS],
    );
  });

  it('the answer says in words what it was, and never who', async () => {
    const words: Record<LtaTrouble, RegExp> = {
      key_refused: /LTA_ACCOUNT_KEY.*outage/,
      rate_limited: /asked too often/,
      not_found: /404/,
      bad_status: /\(418\)/,
      bad_body: /cannot be read/,
      too_large: /more than/,
      redirected: /LTA_BASE_URL/,
      timeout: /in time/,
      unreachable: /cannot be reached/,
    };
    for (const [trouble, pattern] of Object.entries(words) as [LtaTrouble, RegExp][]) {
      const { failed } = setupFeed();
      const options = trouble === 'bad_status' ? { httpStatus: 418 } : {};
      await assert.rejects(failed('83139', trouble, options), refused(trouble, 20, pattern));
    }
  });

  it('that is told apart from other errors', () => {
    assert.equal(feedTroubleOf(new AppError('unavailable', 'the store is away')), undefined);
    assert.equal(feedTroubleOf(new Error('other')), undefined);
    assert.equal(feedTroubleOf(undefined), undefined);
  });

  it('the log has a line for whoever looks closer, and none for others', async () => {
    const { log, failed } = setupFeed();
    await assert.rejects(failed('83139', 'bad_status', { httpStatus: 500 }));
    const [line, ...others] = log.lines;
    assert.deepEqual(others, []);
    assert.equal(line?.['severity'], 'DEBUG');
    assert.deepEqual([line['stop'], line['reason'], line['httpStatus']], ['83139', 'bad_status', 500]);
  });

  it('a mistake of the client is reported without its words, and the feed goes on', async () => {
    const { feed, clock, client, log, last, answered } = setupFeed();
    const reading = feed.read('a');
    last().throw(new TypeError('secret'));
    await assert.rejects(reading, refused('unreachable', 20));
    const { arrivals } = client;
    client.arrivals = () => {
      throw new TypeError('secret');
    };
    await assert.rejects(feed.read('b'), refused('unreachable', 20));
    client.arrivals = arrivals;
    assert.deepEqual(
      log.lines.filter(({ severity }) => severity === 'ERROR').map(({ kind }) => kind),
      ['TypeError', 'TypeError'],
    );
    assert.doesNotMatch(JSON.stringify(log.lines), /secret/);
    await clock.advance(TTL_MS);
    assert.equal((await answered('a')).source, 'live');
    assert.equal((await answered('b')).source, 'live');
    assert.equal(clock.sleepers, 0);
  });
});

describe('when the calls of a minute are used up', () => {
  it('old snapshots are served, and others are told when to come again', async () => {
    const { feed, clock, calls, answered } = setupFeed({ callsPerMinute: 3 });
    const { snapshot } = await answered('a');
    await assert.rejects(feed.read('b'), refused('budget', 20, /LTA_CALLS_PER_MINUTE/));
    await clock.advance(TTL_MS);
    await answered('b');
    const upstream = { status: 'failing', reason: 'budget' };
    assert.deepEqual(await feed.read('a'), { snapshot, source: 'stale', upstream });
    assert.equal(calls.length, 2);
  });

  it('whoever was refused has not been counted as an attempt', async () => {
    const { feed, clock, answered } = setupFeed({ callsPerMinute: 3 });
    await answered('a');
    await clock.advance(TTL_MS - 1);
    await assert.rejects(feed.read('b'), refused('budget', 1));
    await clock.advance(1);
    assert.equal((await answered('b')).source, 'live');
  });

  it('no minute sees more of them, whatever is asked for', async () => {
    const { feed, clock, calls, last } = setupFeed({ callsPerMinute: 24 });
    for (let i = 0; i < 900; i++) {
      const before = calls.length;
      const reading = feed.read(`stop ${i % 60}`).catch(() => undefined);
      if (calls.length > before) last().answer();
      await reading;
      await clock.advance(300);
    }
    assert.ok(calls.length > 60, 'it was busy');
    assert.ok(mostInAMinute(calls.map(({ at }) => at)) <= 24);
  });
});

describe('when LTA fails for everybody', () => {
  it('nobody is asked for a while; what is known is served with what the trouble was', async () => {
    const { feed, clock, calls, answered, failed } = setupFeed();
    const { snapshot } = await answered('known');
    await clock.advance(TTL_MS);
    for (const stop of ['a', 'b', 'c', 'd', 'e']) await assert.rejects(failed(stop, 'timeout'));
    const before = calls.length;
    const upstream = { status: 'failing', reason: 'timeout' };
    assert.deepEqual(await feed.read('known'), { snapshot, source: 'stale', upstream });
    await assert.rejects(feed.read('unknown'), refused('timeout', 10));
    assert.equal(calls.length, before);
    assert.equal(feed.state().callsLeft, 60 - 5);
  });

  it('one asks again after that, and all of them as soon as it was answered', async () => {
    const { feed, clock, calls, failed, last, answered } = setupFeed();
    for (const stop of ['a', 'b', 'c', 'd', 'e']) await assert.rejects(failed(stop, 'unreachable'));
    await clock.advance(10_000);
    assert.equal(feed.state().breaker, 'half-open');
    const probe = feed.read('f');
    const joined = feed.read('f');
    await assert.rejects(feed.read('g'), refused('unreachable', 1));
    assert.equal(calls.length, 6);
    last().answer();
    assert.equal((await probe).source, 'live');
    assert.equal((await joined).source, 'live');
    assert.equal(feed.state().breaker, 'closed');
    assert.equal((await answered('g')).source, 'live');
    await assert.rejects(feed.read('a'), refused('unreachable', 10), 'its own attempt is too new');
  });

  it('a Retry-After is obeyed by everybody', async () => {
    const { feed, clock, calls, failed, answered } = setupFeed();
    await assert.rejects(
      failed('a', 'rate_limited', { httpStatus: 429, retryAfterMs: 90_000 }),
      refused('rate_limited', 90),
    );
    await clock.advance(89_999);
    for (const stop of ['a', 'b']) await assert.rejects(feed.read(stop), refused('rate_limited', 1));
    assert.equal(calls.length, 1);
    await clock.advance(1);
    assert.equal((await answered('b')).source, 'live');
    assert.equal((await answered('a')).source, 'live');
  });

  it('a probe is not lost to a budget that is used up', async () => {
    const { feed, clock, failed, answered } = setupFeed({ callsPerMinute: 1 });
    await assert.rejects(failed('a', 'key_refused', { httpStatus: 401 }), refused('key_refused', 60));
    await clock.advance(30_000);
    await assert.rejects(feed.read('b'), refused('budget', 30));
    await clock.advance(30_000);
    assert.equal((await answered('b')).source, 'live');
    assert.equal(feed.state().breaker, 'closed');
  });
});
