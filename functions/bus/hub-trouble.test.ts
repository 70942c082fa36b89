import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AppError } from '#shared/errors.ts';
import { refusal } from '#shared/lta/feed-refusal.ts';
import { startHub } from './hub-rig.ts';
import { aBoard, aRow } from './rig.ts';

const unavailable = (detail = 'LTA does not answer') =>
  new AppError('unavailable', detail, { headers: { 'Retry-After': '7' } });

describe('a board that cannot be read', () => {
  it('is told once, and the next one that can ends it', async () => {
    const { boards, clock, listen } = startHub();
    boards.services = [aRow('2')];
    const { events, names, leave } = await listen();
    names();
    boards.services = unavailable();
    await clock.advance(60_000);
    assert.deepEqual(events, [
      { event: 'trouble', data: { code: 'unavailable', detail: 'LTA does not answer', retryAfter: 7 } },
    ]);
    boards.services = [aRow('2')];
    await clock.advance(20_000);
    assert.deepEqual(names(), ['trouble', 'update']);
    leave();
  });

  it('is told once for each reason, though its text counts the seconds until the next attempt', async () => {
    const { boards, clock, listen } = startHub();
    boards.services = refusal({ reason: 'bad_body' }, 20_000);
    const { events, names, leave } = await listen();
    boards.services = refusal({ reason: 'bad_body' }, 7_000);
    await clock.advance(20_000);
    assert.deepEqual(names(), ['trouble']);
    const late = await listen();
    assert.equal(late.events[0]?.data.retryAfter, 7, 'as of when it joins');
    late.leave();
    boards.services = refusal({ reason: 'rate_limited' }, 7_000);
    await clock.advance(20_000);
    assert.match(events[0]?.data.detail, /asked too often/);
    leave();
  });

  it('is over when it can be read again, though nothing is new', async () => {
    const { boards, clock, listen } = startHub();
    boards.read = async function () {
      if (this.services instanceof Error) throw this.services;
      return aBoard(this.services, { now: new Date(clock.now()).toISOString() });
    };
    boards.services = [aRow('2')];
    const { names, leave } = await listen();
    await clock.advance(20_000);
    assert.deepEqual(names(), ['reset'], 'nothing is told of what was known');
    boards.services = unavailable();
    await clock.advance(20_000);
    boards.services = [aRow('2')];
    await clock.advance(20_000);
    assert.deepEqual(names(), ['trouble', 'update']);
    leave();
  });

  it('is told to whoever joins meanwhile, who then gets the whole board', async () => {
    const { boards, clock, listen } = startHub();
    boards.services = unavailable();
    const { names, leave } = await listen();
    assert.deepEqual(names(), ['trouble']);
    boards.services = [aRow('2')];
    await clock.advance(20_000);
    assert.deepEqual(names(), ['reset']);
    boards.services = [aRow('15')];
    await clock.advance(20_000);
    assert.deepEqual(names(), ['update']);
    leave();
  });

  it('keeps nobody from resuming afterwards', async () => {
    const { boards, clock, listen } = startHub();
    boards.services = [aRow('2')];
    const first = await listen();
    first.leave();
    boards.services = unavailable();
    const { names, leave } = await listen({ lastId: first.events[0]?.id ?? '' });
    boards.services = [aRow('2'), aRow('15')];
    await clock.advance(20_000);
    assert.deepEqual(names(), ['trouble', 'update']);
    leave();
  });

  it('refuses a new listener where it will not pass by itself', async () => {
    const { boards, hub, listen } = startHub();
    for (const code of ['not_found', 'not_configured'] as const) {
      boards.services = new AppError(code, 'no');
      await assert.rejects(listen(), { code });
    }
    assert.equal(hub.loops, 0);
  });

  it('hides what lies behind a failure of ours, and logs it once', async () => {
    const { boards, clock, log, listen } = startHub();
    boards.services = [aRow('2')];
    const { events, leave } = await listen();
    boards.services = new Error('secret');
    await clock.advance(60_000);
    assert.equal(events[1]?.data.code, 'internal');
    assert.doesNotMatch(JSON.stringify(events), /secret/);
    assert.equal(log.lines.length, 1);
    leave();
  });

  it('is nothing that an aborted join causes for the others', async () => {
    const { boards, clock, listen } = startHub();
    boards.services = [aRow('2')];
    const { names, leave } = await listen();
    const abort = new AbortController();
    abort.abort(new Error('gone'));
    await assert.rejects(listen({}, abort.signal), /gone/);
    await clock.advance(20_000);
    assert.deepEqual(names(), ['reset', 'update']);
    leave();
    assert.equal(clock.sleepers, 0);
  });
});
