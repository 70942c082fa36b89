import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { AppError } from '../errors.ts';
import { createKeptLog } from '../testing/kept-log.ts';
import { beginInvocation, setLogRate } from './invocation.ts';
import {
  forgetRecent,
  keepInvocation,
  keepRecent,
  onInvocation,
  perMinute,
  type RecentInvocation,
  recent,
} from './recent.ts';

afterEach(() => {
  forgetRecent();
  setLogRate(Number.POSITIVE_INFINITY);
});

const NOON = Date.UTC(2026, 0, 1, 12);

const one = (fields: Partial<RecentInvocation> = {}): RecentInvocation => ({
  ...{ at: NOON, kind: 'request', function: 'bus', name: 'GET /', outcome: 'ok', ms: 1, requestId: 'r' },
  ...fields,
});

describe('what happened lately', () => {
  it('is not kept unless somebody asks for it', () => {
    keepInvocation(one(), true);
    assert.deepEqual(recent(), { invocations: [], failures: [] });
  });

  it('is the last 200 invocations and the last 50 failures, the newest first', () => {
    keepRecent();
    for (let n = 0; n < 1_000; n++) keepInvocation(one({ requestId: String(n), name: `GET /${n}` }), n % 10 === 0);
    const { invocations, failures } = recent();
    assert.deepEqual([invocations.length, failures.length], [200, 50]);
    assert.deepEqual([invocations[0]?.requestId, invocations[199]?.requestId], ['999', '800']);
    assert.deepEqual([failures[0]?.requestId, failures[49]?.requestId], ['990', '500']);
  });

  it('has failures that are alike as one, with the last of them, so that a flood pushes out no other', () => {
    keepRecent();
    keepInvocation(one({ function: 'links', outcome: 'failed', status: 500, code: 'TypeError' }), true);
    for (let n = 0; n < 1_000; n++) {
      const flood = { outcome: 'failed', status: 503, code: 'unavailable', address: `go.example/${n}` };
      keepInvocation(one({ ...flood, at: NOON + n, requestId: String(n), traceId: `t${n}` }), true);
    }
    keepInvocation(one({ outcome: 'failed', status: 503, code: 'storage_full' }), true);
    const told = recent().failures.map(({ function: whose, code, times, at, requestId, traceId }) => [
      ...[whose, code, times],
      ...[at, requestId, traceId],
    ]);
    assert.deepEqual(told, [
      ['bus', 'storage_full', 1, NOON, 'r', undefined],
      ['bus', 'unavailable', 1_000, NOON + 999, '999', 't999'],
      ['links', 'TypeError', 1, NOON, 'r', undefined],
    ]);
    keepInvocation(one({ function: 'links', outcome: 'failed', status: 500, code: 'TypeError' }), true);
    assert.deepEqual([recent().failures[0]?.function, recent().failures[0]?.times], ['links', 2]);
  });

  it('names what was asked for where no pattern did, bounded and redacted', () => {
    keepRecent();
    const asked = (address: string) =>
      beginInvocation({ kind: 'request', name: 'GET', log: createKeptLog() }).end({
        ...{ outcome: 'refused', severity: 'INFO' },
        request: { method: 'GET', route: undefined, address, status: 404 },
      });
    asked('go.example/sale');
    asked(`/${'a/'.repeat(1_000)}`);
    asked('/slides-images/v1-secret');
    const [signed, long, plain] = recent().invocations.map(({ address = '' }) => address);
    assert.equal(plain, 'go.example/sale');
    assert.ok((long?.length ?? 999) < 240);
    assert.equal(signed, '/slides-images/[redacted]');
  });

  it('holds every invocation, also those whose line is left out, with its error redacted', () => {
    keepRecent();
    setLogRate(0);
    const log = createKeptLog();
    const told: RecentInvocation[] = [];
    const forget = onInvocation((each) => void told.push(each));
    const begin = () => beginInvocation({ kind: 'request', name: 'GET', log: log.with({ function: 'links' }) });
    const { scope, end } = begin();
    Object.assign(scope.invocation.fields, { requestId: 'r1' });
    end({ outcome: 'ok', severity: 'INFO', name: 'GET /x', request: { method: 'GET', route: '/x', status: 200 } });
    assert.deepEqual(log.lines, []);
    begin().end({
      outcome: 'failed',
      severity: 'WARNING',
      error: new AppError('unavailable', 'https://a.example/?secret'),
    });
    forget();
    begin().end({ outcome: 'ok', severity: 'INFO' });

    const { invocations, failures } = recent();
    assert.equal(invocations.length, 3);
    const { at, ms, ...first } = invocations[2] ?? one();
    assert.ok(at > NOON && ms >= 0);
    assert.deepEqual(first, {
      ...{
        kind: 'request',
        function: 'links',
        name: 'GET /x',
        route: '/x',
        status: 200,
        outcome: 'ok',
        requestId: 'r1',
      },
    });
    assert.deepEqual(
      failures.map(({ error }) => error),
      ['AppError: https://a.example/?[redacted]'],
    );
    assert.deepEqual(told, [invocations[2], invocations[1]]);
  });

  it('does not fail for a listener that does', () => {
    keepRecent();
    onInvocation(() => assert.fail('gone'));
    keepInvocation(one(), false);
    assert.equal(recent().invocations.length, 1);
  });
});

describe('the last minute', () => {
  it('has its requests, its failures and how long requests took, and nothing older', () => {
    keepRecent();
    for (let ms = 1; ms <= 100; ms++) keepInvocation(one({ at: NOON + ms, ms }), ms === 1);
    keepInvocation(one({ kind: 'event', ms: 10_000 }), true);
    const minute = perMinute(NOON + 30_000);
    assert.deepEqual([minute.requests, minute.failures, minute.otherFailures], [100, 1, 1]);
    assert.ok(minute.p50Ms >= 50 && minute.p50Ms < 60, String(minute.p50Ms));
    assert.ok(minute.p99Ms >= 99 && minute.p99Ms < 118, String(minute.p99Ms));
    assert.deepEqual(perMinute(NOON + 60_000), { requests: 0, failures: 0, otherFailures: 0, p50Ms: 0, p99Ms: 0 });
  });

  it('forgets the minute before it second by second', () => {
    keepRecent();
    for (let second = 0; second < 180; second++) keepInvocation(one({ at: NOON + second * 1_000 }), false);
    assert.equal(perMinute(NOON + 179_000).requests, 60);
    assert.equal(perMinute(NOON + 199_500).requests, 40);
  });
});
