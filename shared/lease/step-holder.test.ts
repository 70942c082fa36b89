import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { D, holder, theirs, timing } from './step-rig.ts';

const { guardMs, renewMs, suspendMs } = timing;

describe('a holder', () => {
  test('counts on its lease from the sending of the take, until `guardMs` before the end', () => {
    const me = holder(1_000);
    me.pass(D - 1_000 - guardMs - 1);
    assert.equal(me.standing(), 'held');
    me.pass(1);
    assert.equal(me.standing(), 'over', 'though no timer has run');
    assert.deepEqual(me.tick(), ['lost: expired']);
    assert.deepEqual(me.tick(), []);
    assert.equal(me.wakesIn(), undefined);
  });

  test('renews after a third of the duration, with a number and the fence of its term, and counts from the sending', () => {
    const me = holder();
    assert.equal(me.wakesIn(), renewMs);
    me.pass(renewMs);
    assert.deepEqual(me.tick(), ['renew']);
    assert.equal(me.sent.expects, 'v1');
    assert.equal(me.sent.record.renewals, 1);
    assert.equal(me.sent.record.fence, 'v1');
    assert.equal(me.wakesIn(), D - guardMs - renewMs, 'one request at a time');
    me.pass(500);
    assert.deepEqual(me.wrote('v2'), []);
    assert.equal(me.wakesIn(), renewMs - 500);
    assert.equal(me.state.term?.deadline, 5_000 + renewMs + D);
    assert.equal(me.state.term.fence, 'v1', 'its token stays');
    me.pass(renewMs);
    me.tick();
    assert.equal(me.sent.record.renewals, 2);
  });

  test('looks after a renewal that failed, and gains nothing if it did not happen', () => {
    const me = holder();
    me.pass(renewMs);
    me.tick();
    assert.deepEqual(me.failed(), ['read']);
    assert.deepEqual(me.sees('v1', me.state.term?.record), []);
    assert.equal(me.state.term?.deadline, 5_000 + D);
    me.pass(me.wakesIn() ?? assert.fail('sleeps for ever'));
    assert.deepEqual(me.tick(), ['renew']);
    assert.equal(me.sent.record.renewals, 2, 'no two attempts have one number');
  });

  test('counts a renewal that happened, though its answer was lost, from its sending', () => {
    const me = holder();
    me.pass(renewMs);
    me.tick();
    const { record } = me.sent;
    me.pass(1_000);
    me.failed();
    me.pass(1_000);
    assert.deepEqual(me.sees('v2', record), []);
    assert.equal(me.state.term?.deadline, 5_000 + renewMs + D);
    assert.equal(me.state.term.version, 'v2');
  });

  test('counts an earlier attempt that happened after all, and not the later one that did not', () => {
    const me = holder();
    me.pass(renewMs);
    me.tick();
    const first = me.sent.record;
    const at = 5_000 + renewMs;
    me.failed();
    me.sees('v1', me.state.term?.record);
    me.pass(1_000);
    me.tick();
    me.failed();
    assert.deepEqual(me.sees('v2', first), []);
    assert.equal(me.state.term?.deadline, at + D);
    me.pass(renewMs);
    me.tick();
    assert.equal(me.sent.record.renewals, 3);
    assert.equal(me.sent.expects, 'v2');
  });

  for (const [reason, version, record] of [
    ['taken', 'v2', theirs()],
    ['broken', 'v2', theirs({ holder: '', broken: { reason: 'stuck', by: 'ops', at: '' } })],
    ['deleted', undefined, undefined],
  ] as const)
    test(`learns from the look after a refusal that its lease was ${reason}`, () => {
      const me = holder();
      me.pass(renewMs);
      me.tick();
      me.failed();
      assert.deepEqual(me.sees(version, record), [`lost: ${reason}`]);
      assert.equal(me.standing(), 'over');
      assert.equal(me.wakesIn(), undefined);
    });

  test('looks when something outside makes it doubt', () => {
    const me = holder();
    assert.deepEqual(me.doubt(), ['read']);
    assert.deepEqual(me.sees('v1', me.state.term?.record), []);
    assert.equal(me.standing(), 'held');
    me.doubt();
    assert.deepEqual(me.sees('v2', theirs()), ['lost: taken']);
    assert.deepEqual(me.doubt(), []);
  });

  test('keeps trying until its time is over when the store does not answer', () => {
    const me = holder();
    const seen: string[] = [];
    for (let tries = 0; tries < 100 && seen.at(-1) !== 'lost: expired'; tries++) {
      me.pass(me.wakesIn() ?? assert.fail('sleeps for ever'));
      seen.push(...me.tick());
      while (me.state.call) {
        me.pass(100);
        seen.push(...me.failed());
      }
    }
    assert.equal(seen.at(-1), 'lost: expired');
    assert.ok(seen.filter((what) => what === 'renew').length > 3, seen.join());
  });

  test('is denied another wish for what it holds', () => {
    const me = holder();
    assert.deepEqual(me.want('patiently'), ['denied']);
    assert.equal(me.standing(), 'held');
    me.pass(renewMs);
    assert.deepEqual(me.tick(), ['renew']);
  });
});

describe('a wall clock', () => {
  test('that ran ahead of the monotonic one makes a holder renew before it counts on its lease again', () => {
    const me = holder();
    me.wallJumps(suspendMs + 1);
    assert.equal(me.standing(), 'suspect', 'though no timer has run');
    assert.deepEqual(me.tick(), ['renew']);
    assert.equal(me.standing(), 'suspect');
    me.wrote('v2');
    assert.equal(me.standing(), 'held');
  });

  test('that ran ahead while a renewal was under way is not mended by that renewal', () => {
    const me = holder();
    me.pass(renewMs);
    me.tick();
    me.wallJumps(suspendMs + 1);
    assert.deepEqual(me.wrote('v2'), ['renew']);
    assert.equal(me.standing(), 'suspect');
    me.wrote('v3');
    assert.equal(me.standing(), 'held');
  });

  test('that goes on being ahead by less than is suspicious, again and again, is suspicious in the end', () => {
    const me = holder();
    for (let ahead = 0; ahead <= suspendMs; ahead += 100) {
      assert.equal(me.standing(), 'held');
      me.wallJumps(100);
      me.tick();
    }
    assert.equal(me.standing(), 'suspect');
  });

  test('that was set back hides nothing that comes after', () => {
    const me = holder();
    me.wallJumps(-3_600_000);
    me.tick();
    assert.equal(me.standing(), 'held');
    me.wallJumps(suspendMs + 1);
    assert.equal(me.standing(), 'suspect');
  });

  test('never prolongs a lease', () => {
    for (const jump of [-86_400_000, -1, 1, 86_400_000]) {
      const me = holder();
      me.wallJumps(jump);
      me.tick();
      me.pass(D - guardMs);
      assert.equal(me.standing(), 'over');
    }
  });
});
