import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { loadConfig } from '../config.ts';
import { AppError } from '../errors.ts';
import { createPushVerifier, type PushIdentity, pushIdentityOf } from '../events/push-identity.ts';
import { systemIds } from '../ids.ts';
import type { Delivery, FiringEnd } from '../schedule/firings.ts';
import { createFakeClock } from '../testing/fake-clock.ts';
import { createKeptLog } from '../testing/kept-log.ts';
import { createScheduleEndpoint } from './schedule-endpoint.ts';

const TIME = 'X-CloudScheduler-ScheduleTime';
const CALL = { 'X-CloudScheduler': 'true', 'X-CloudScheduler-JobName': 'night-watch', [TIME]: '2026-01-01T00:05:00Z' };

type Handle = (firing: string, delivery: Delivery) => Promise<FiringEnd>;

function endpoint(handle: Handle = async () => 'done', identity: PushIdentity = 'open') {
  const clock = createFakeClock();
  const log = createKeptLog();
  const told: string[] = [];
  const firings = {
    handle: (firing: string, delivery: Delivery) => {
      told.push(firing);
      return handle(firing, delivery);
    },
  };
  const { fetch, stop } = createScheduleEndpoint(firings, {
    name: 'night-watch',
    identity,
    timeoutMs: 60_000,
    log,
    ids: systemIds,
    clock,
  });
  const post = (headers: Record<string, string> = CALL, init: RequestInit = {}) =>
    fetch(new Request('http://watch.example/', { method: 'POST', headers, ...init }));
  return { clock, log, told, fetch, post, stop };
}

const throwing =
  (error: unknown): Handle =>
  () =>
    Promise.reject(error as Error);

describe('an endpoint for Cloud Scheduler', () => {
  it('hands the scheduled time to the second on, in UTC, and answers 204 whatever end the firing came to', async () => {
    for (const [given, firing] of [
      ['2026-01-01T00:05:00Z', '2026-01-01T00:05:00Z'],
      ['2026-01-01T00:05:00.123456789Z', '2026-01-01T00:05:00Z'],
      ['2026-01-01T08:05:00+08:00', '2026-01-01T00:05:00Z'],
    ] as const)
      for (const end of ['done', 'skipped', 'failed'] as const) {
        const { post, told } = endpoint(async () => end);
        assert.equal((await post({ ...CALL, [TIME]: given })).status, 204);
        assert.deepEqual(told, [firing]);
      }
  });

  it('tells the log the job, the firing and its end', async () => {
    const { post, log } = endpoint(async () => 'skipped');
    await post();
    const line = log.lines.find(({ firing }) => firing === '2026-01-01T00:05:00Z');
    assert.equal(line?.['job'], 'night-watch');
    assert.deepEqual([line['kind'], line['function'], line['outcome']], ['firing', 'night-watch', 'skipped']);
    assert.equal(log.lines.length, 1, 'the request that brought it has no line of its own');
  });

  it('refuses a call without a scheduled time, or with one that is none, and names the header', async () => {
    for (const time of [undefined, '', 'now', '2026-01-01', '2026-13-01T00:00:00Z', '1767225900']) {
      const { post, told } = endpoint();
      const { [TIME]: _, ...others } = CALL;
      const response = await post(time === undefined ? others : { ...others, [TIME]: time });
      assert.equal(response.status, 400, time);
      assert.match(((await response.json()) as { detail: string }).detail, /X-CloudScheduler-ScheduleTime/);
      assert.deepEqual(told, []);
    }
  });

  it('asks to come again where the firing has not ended', async () => {
    for (const [error, status, code] of [
      [new AppError('request_in_progress', 'x'), 409, 'request_in_progress'],
      [new AppError('lease_held', 'x'), 409, 'lease_held'],
      [new AppError('lease_lost', 'x'), 409, 'lease_lost'],
      [new AppError('unavailable', 'x'), 503, 'unavailable'],
      [new AppError('storage_full', 'x'), 503, 'unavailable'],
      [new Error('secret'), 503, 'unavailable'],
    ] as const) {
      const response = await endpoint(throwing(error)).post();
      assert.equal(response.status, status, code);
      assert.match(response.headers.get('Retry-After') ?? '', /^\d+$/, code);
      const body = await response.text();
      assert.match(body, new RegExp(`"${code}"`));
      assert.doesNotMatch(body, /secret/);
    }
  });

  it('ends the run before the platform would hang up', async () => {
    const { post, clock } = endpoint(
      (_firing, { signal }) =>
        new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error))),
    );
    const response = post();
    while (clock.sleepers < 2) await new Promise(setImmediate);
    await clock.advance(53_999);
    assert.equal(clock.sleepers, 2);
    await clock.advance(1);
    assert.equal((await response).status, 503);
  });

  it('gives a queued firing less time to wait than the request has', async () => {
    let waitMs = 0;
    await endpoint(async (_firing, delivery) => {
      ({ waitMs } = delivery);
      return 'done';
    }).post();
    assert.ok(waitMs >= 5_000 && waitMs <= 30_000);
  });

  it('tells the run when the caller hangs up', async () => {
    const hangUp = new AbortController();
    const { post } = endpoint(async (_firing, { signal }) => {
      hangUp.abort();
      assert.equal(signal.aborted, true);
      return 'done';
    });
    await post(CALL, { signal: hangUp.signal });
  });

  it('tells the run when the process has to go, waits for its end, and asks to come again', async () => {
    const begun = Promise.withResolvers<AbortSignal>();
    const end = Promise.withResolvers<FiringEnd>();
    const { post, stop } = endpoint((_firing, { signal }) => {
      begun.resolve(signal);
      return end.promise;
    });
    const response = post();
    const signal = await begun.promise;
    let stopped = false;
    const stopping = stop(10_000).then(() => {
      stopped = true;
    });
    assert.equal(signal.aborted, true);
    await new Promise(setImmediate);
    assert.equal(stopped, false);
    end.reject(signal.reason);
    await stopping;
    assert.equal((await response).status, 503);
  });

  it('leaves no timer behind', async () => {
    const { post, clock } = endpoint();
    await post();
    assert.equal(clock.sleepers, 0);
  });

  it('answers other methods with 405 and other addresses with 404', async () => {
    const { fetch } = endpoint();
    assert.equal((await fetch(new Request('http://watch.example/'))).status, 405);
    assert.equal((await fetch(new Request('http://watch.example/x', { method: 'POST' }))).status, 404);
  });
});

describe('who may call a schedule', () => {
  it('is asked before anything else, and others get 401', async () => {
    const clock = createFakeClock();
    const keysUrl = new URL('http://127.0.0.1:1/');
    const refusing = createPushVerifier({ audience: 'a', email: 'a@b.example', clock, keysUrl });
    const { post, told } = endpoint(undefined, refusing);
    for (const authorization of ['', 'Basic eDp5', 'Bearer ', 'Bearer x.y.z'])
      assert.equal((await post({ authorization })).status, 401);
    assert.deepEqual(told, []);
  });

  it('is nobody on the embedded queue where nothing else is set', async () => {
    const { post, told } = endpoint(undefined, pushIdentityOf(loadConfig({}), createFakeClock()));
    assert.equal((await post()).status, 401);
    assert.deepEqual(told, []);
  });
});
