import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { systemIds } from '../ids.ts';
import { createFakeClock } from '../testing/fake-clock.ts';
import { createKeptLog } from '../testing/kept-log.ts';
import { createBreaker } from './breaker.ts';
import { LtaError, type LtaTrouble } from './lta.ts';

const failure = (name: LtaTrouble, options?: { httpStatus?: number; retryAfterMs?: number }) =>
  new LtaError(name, 'failed', options);
const timeout = failure('timeout');
const tooOften = (retryAfterMs: number) => failure('rate_limited', { httpStatus: 429, retryAfterMs });

function setup(random = 0) {
  const clock = createFakeClock();
  const log = createKeptLog();
  const breaker = createBreaker({ clock, log, ids: { ...systemIds, random: () => random } });
  const begin = (stop = 'a') => {
    assert.equal(breaker.obstacle(), undefined, 'an attempt may begin');
    return breaker.begin(stop);
  };
  const fail = (times: number, error = timeout, stop = 'a') => {
    for (let i = 0; i < times; i++) begin(stop).failed(error);
  };
  return { clock, breaker, begin, fail, severities: () => log.lines.map(({ severity }) => severity), log };
}

/** One whose first opening is over. */
async function halfOpen(error = timeout, random = 0) {
  const made = setup(random);
  made.fail(5, error);
  await made.clock.advance(11_000);
  assert.equal(made.breaker.state(), 'half-open');
  return made;
}

describe('a closed breaker', () => {
  it('opens at the fifth failure in a row of what concerns all stops, and names it', () => {
    const kinds: [LtaTrouble, { httpStatus?: number }][] = [
      ['timeout', {}],
      ['unreachable', {}],
      ['redirected', { httpStatus: 302 }],
      ['rate_limited', { httpStatus: 429 }],
      ['bad_status', { httpStatus: 503 }],
    ];
    for (const [reason, options] of kinds) {
      const { breaker, fail } = setup();
      fail(4, failure(reason, options));
      assert.equal(breaker.state(), 'closed');
      fail(1, failure(reason, options));
      assert.equal(breaker.state(), 'open');
      assert.deepEqual(breaker.obstacle(), { reason, ...options, waitMs: 10_000 });
    }
  });

  it('begins to count anew after a success', () => {
    const { breaker, begin, fail } = setup();
    fail(4);
    begin().succeeded();
    fail(4);
    assert.equal(breaker.state(), 'closed');
  });

  it('counts failures of both kinds together', () => {
    const { breaker, fail } = setup();
    fail(3);
    fail(2, failure('bad_body'), 'b');
    assert.equal(breaker.state(), 'closed');
    fail(1, failure('too_large'), 'c');
    assert.deepEqual(breaker.obstacle(), { reason: 'too_large', waitMs: 10_000 });
  });

  it('counts what may be the fault of a stop once for each stop', () => {
    for (const error of [
      failure('not_found', { httpStatus: 404 }),
      failure('bad_body'),
      failure('too_large'),
      failure('bad_status', { httpStatus: 400 }),
    ]) {
      const { breaker, fail } = setup();
      fail(50, error, 'a');
      for (const stop of ['b', 'c', 'd']) fail(10, error, stop);
      assert.equal(breaker.state(), 'closed');
      fail(1, error, 'e');
      assert.equal(breaker.state(), 'open');
    }
  });

  it('opens at once for a refused key, and not for longer than for anything else', () => {
    const { breaker, fail } = setup();
    fail(1, failure('key_refused', { httpStatus: 401 }));
    assert.deepEqual(breaker.obstacle(), { reason: 'key_refused', httpStatus: 401, waitMs: 10_000 });
  });

  it('opens at once for as long as a Retry-After asks, within reason', () => {
    for (const [asked, waitMs] of [
      [45_000, 45_000],
      [0, 1_000],
      [86_400_000, 600_000],
    ] as const) {
      const { breaker, fail } = setup(0.9);
      fail(1, tooOften(asked));
      assert.deepEqual(breaker.obstacle(), { reason: 'rate_limited', httpStatus: 429, waitMs });
    }
  });

  it('takes no Retry-After from anything but 429', () => {
    const { breaker, fail } = setup();
    fail(1, failure('bad_status', { httpStatus: 503, retryAfterMs: 300_000 }));
    assert.equal(breaker.state(), 'closed');
  });
});

describe('a half-open breaker', () => {
  it('lets one attempt begin at a time, and closes when it succeeds', async () => {
    const { breaker, begin } = await halfOpen();
    const probe = begin();
    assert.deepEqual(breaker.obstacle(), { reason: 'timeout', waitMs: 1_000 });
    probe.succeeded();
    assert.equal(breaker.state(), 'closed');
    assert.equal(breaker.obstacle(), undefined);
  });

  it('stays away for twenty seconds after each failure, so that the end of an outage shows soon', async () => {
    const { breaker, begin, clock } = await halfOpen();
    const waits: (number | undefined)[] = [];
    for (let i = 0; i < 5; i++) {
      begin().failed(timeout);
      const waitMs = breaker.obstacle()?.waitMs;
      waits.push(waitMs);
      await clock.advance((waitMs ?? 0) - 1);
      assert.equal(breaker.state(), 'open');
      await clock.advance(1);
      assert.equal(breaker.state(), 'half-open');
    }
    assert.deepEqual(waits, [20_000, 20_000, 20_000, 20_000, 20_000]);
  });

  it('begins with ten seconds again after it has closed', async () => {
    const { breaker, begin, fail, clock } = await halfOpen();
    begin().failed(timeout);
    await clock.advance(20_000);
    begin().succeeded();
    fail(5);
    assert.equal(breaker.obstacle()?.waitMs, 10_000);
  });

  it('adds up to a tenth at random, so that processes do not come back together', async () => {
    const { breaker, begin } = await halfOpen(timeout, 0.5);
    begin().failed(timeout);
    assert.equal(breaker.obstacle()?.waitMs, 21_000);
  });

  it('tells of the newest trouble, and waits as long as a Retry-After asks', async () => {
    const { breaker, begin } = await halfOpen();
    begin().failed(tooOften(300_000));
    assert.deepEqual(breaker.obstacle(), { reason: 'rate_limited', httpStatus: 429, waitMs: 300_000 });
  });

  it('does not come sooner because a Retry-After is short', async () => {
    const { breaker, begin } = await halfOpen();
    begin().failed(tooOften(1_000));
    assert.equal(breaker.obstacle()?.waitMs, 20_000);
  });

  it('learns nothing from a stop of which nothing can be read, until there are five', async () => {
    const { breaker, begin } = await halfOpen();
    for (const stop of ['a', 'b', 'a', 'c', 'd', 'd']) {
      begin(stop).failed(failure('bad_body'));
      assert.equal(breaker.state(), 'half-open');
    }
    begin('e').failed(failure('bad_body'));
    assert.deepEqual(breaker.obstacle(), { reason: 'bad_body', waitMs: 20_000 });
  });
});

describe('attempts that began before the breaker changed', () => {
  it('do not open it for longer, nor open it again, when they fail', async () => {
    const { breaker, begin, fail, clock } = setup();
    const old = Array.from({ length: 20 }, () => begin());
    fail(5);
    for (const attempt of old.splice(0, 6)) attempt.failed(timeout);
    assert.equal(breaker.obstacle()?.waitMs, 10_000);
    await clock.advance(10_000);
    for (const attempt of old.splice(0, 6)) attempt.failed(failure('key_refused'));
    assert.equal(breaker.state(), 'half-open');
    begin().succeeded();
    for (const attempt of old) attempt.failed(timeout);
    assert.equal(breaker.state(), 'closed');
  });

  it('close it when they succeed, since LTA answers', () => {
    const { breaker, begin, fail } = setup();
    const old = begin();
    fail(5);
    old.succeeded();
    assert.equal(breaker.state(), 'closed');
  });

  it('do not lift a limit when they succeed: they were let in before it', async () => {
    const { breaker, begin, fail, clock } = setup();
    const old = [begin(), begin()];
    fail(1, tooOften(30_000));
    old[0]?.succeeded();
    assert.equal(breaker.state(), 'open');
    await clock.advance(30_000);
    old[1]?.succeeded();
    assert.equal(breaker.state(), 'half-open');
    begin().succeeded();
    assert.equal(breaker.state(), 'closed');
  });

  it('are obeyed when they bring a Retry-After', async () => {
    const { breaker, begin, fail, clock } = setup();
    const old = [begin(), begin(), begin()];
    fail(5);
    old[0]?.failed(tooOften(30_000));
    assert.deepEqual(breaker.obstacle(), { reason: 'rate_limited', httpStatus: 429, waitMs: 30_000 });
    old[1]?.failed(tooOften(2_000));
    assert.equal(breaker.obstacle()?.waitMs, 30_000);
    await clock.advance(30_000);
    const probe = begin();
    probe.failed(timeout);
    assert.equal(breaker.obstacle()?.waitMs, 20_000, 'what it brings is no failed probe');
    await clock.advance(20_000);
    begin().succeeded();
    old[2]?.failed(tooOften(4_000));
    assert.equal(breaker.obstacle()?.waitMs, 4_000);
  });

  it('do not make the time shorter by their Retry-After', async () => {
    const { breaker, begin, fail, clock } = setup();
    const old = begin();
    fail(5);
    await clock.advance(10_000);
    begin().failed(timeout);
    old.failed(tooOften(1_000));
    assert.equal(breaker.obstacle()?.waitMs, 20_000);
  });

  it('keep the probe alone, even where the breaker was opened again meanwhile', async () => {
    const { breaker, begin, fail, clock } = setup();
    const old = begin();
    fail(5);
    await clock.advance(10_000);
    const probe = begin();
    old.failed(tooOften(2_000));
    await clock.advance(2_000);
    assert.equal(breaker.state(), 'half-open');
    assert.equal(breaker.obstacle()?.waitMs, 1_000);
    probe.failed(timeout);
    assert.equal(breaker.obstacle(), undefined);
  });
});

describe('the breaker in the log', () => {
  it('is one warning when it opens and one line when it closes, however often it tried', async () => {
    const { begin, fail, clock, log, severities } = setup();
    fail(5, failure('bad_status', { httpStatus: 500 }));
    await clock.advance(10_000);
    begin().failed(timeout);
    await clock.advance(20_000);
    begin().failed(timeout);
    await clock.advance(20_000);
    begin().succeeded();
    begin().succeeded();
    assert.deepEqual(severities(), ['WARNING', 'INFO']);
    const { reason, httpStatus, forMs } = log.lines[0] ?? {};
    assert.deepEqual({ reason, httpStatus, forMs }, { reason: 'bad_status', httpStatus: 500, forMs: 10_000 });
    assert.equal(log.lines[1]?.['afterMs'], 50_000);
  });
});
