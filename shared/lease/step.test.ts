import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { patienceMs } from '../expiry.ts';
import { contender, D, theirs, timing } from './step-rig.ts';

const { guardMs, renewMs, pollMs } = timing;
const PATIENCE = patienceMs(D);

describe('a contender', () => {
  test('looks, and takes a lease that nobody ever held', () => {
    const me = contender('me', 'sweeps');
    assert.deepEqual(me.want(), ['read']);
    assert.deepEqual(me.sees(), ['take']);
    assert.equal(me.sent.expects, undefined);
    assert.deepEqual(me.sent.record, {
      holder: 'me',
      nonce: 'me-2',
      durationMs: D,
      renewals: 0,
      term: 1,
      since: '2023-11-14T22:13:20.000Z',
      note: 'sweeps',
    });
    assert.deepEqual(me.wrote('v1'), ['won']);
    assert.equal(me.state.term?.fence, 'v1');
    assert.equal(me.standing(), 'held');
  });

  test('takes a released lease at once, over the version it saw, in the next term', () => {
    const me = contender();
    me.want();
    assert.deepEqual(me.sees('v9', theirs({ holder: '', fence: 'v3' })), ['take']);
    assert.equal(me.sent.expects, 'v9');
    assert.equal(me.sent.record.term, 8);
    assert.equal(me.sent.record.fence, undefined);
  });

  test('is denied at once what somebody else holds, if it wants it once', () => {
    const me = contender();
    me.want('once');
    assert.deepEqual(me.sees('v1', theirs()), ['denied']);
    assert.equal(me.wakesIn(), undefined);
  });

  test('waits patiently, and takes it when that version has stood for the record`s own duration, stretched', () => {
    const me = contender();
    me.want('patiently');
    assert.deepEqual(me.sees('v1', theirs({ durationMs: 3 * D })), []);
    assert.equal(me.freeIn(), patienceMs(3 * D));
    let looks = 0;
    for (;;) {
      me.pass(me.wakesIn() ?? assert.fail('sleeps for ever'));
      if (me.tick()[0] === 'take') break;
      looks++;
      me.sees('v1', theirs({ durationMs: 3 * D }));
    }
    assert.equal(me.freeIn(), 0);
    assert.equal(looks, Math.floor(patienceMs(3 * D) / pollMs));
  });

  test('counts from when it received a version, anew for each', () => {
    const me = contender();
    me.want('patiently');
    me.pass(2_000);
    me.sees('v1', theirs());
    assert.equal(me.freeIn(), PATIENCE);
    me.pass(pollMs);
    me.tick();
    me.sees('v1', theirs());
    assert.equal(me.freeIn(), PATIENCE - pollMs);
    me.pass(pollMs);
    me.tick();
    me.pass(100);
    me.sees('v2', theirs({ renewals: 1 }));
    assert.equal(me.freeIn(), PATIENCE);
  });

  test('counts from as much earlier as the version was old by the server`s clock', () => {
    const me = contender();
    me.want('patiently');
    assert.deepEqual(me.sees('v1', theirs(), PATIENCE - 1), []);
    me.pass(1);
    assert.deepEqual(me.tick(), ['take']);
    const other = contender();
    other.want('once');
    assert.deepEqual(other.sees('v1', theirs(), PATIENCE), ['take']);
  });

  test('does not count later because a second look tells a smaller age', () => {
    const me = contender();
    me.want('patiently');
    me.sees('v1', theirs(), 4_000);
    me.pass(pollMs);
    me.tick();
    me.sees('v1', theirs(), 0);
    assert.equal(me.freeIn(), PATIENCE - 4_000 - pollMs);
  });

  test('leaves the successor that is named in a released lease its time', () => {
    const released = theirs({ holder: '', successor: 'heir' });
    const me = contender();
    me.want('once');
    assert.deepEqual(me.sees('v1', released), ['denied']);
    assert.equal(me.freeIn(), PATIENCE);
    const heir = contender('heir');
    heir.want('once');
    assert.deepEqual(heir.sees('v1', released), ['take']);
  });

  test('gives up when it is told to leave, after the answer it waits for', () => {
    const me = contender();
    me.want('patiently');
    assert.deepEqual(me.leave(), []);
    assert.deepEqual(me.sees('v1', theirs()), ['left']);
    me.want('patiently');
    me.leave();
    assert.deepEqual(me.failed(), ['left']);
    assert.equal(me.wakesIn(), undefined);
  });

  test('is denied what it wants once when the record cannot be read', () => {
    const me = contender();
    me.want('once');
    assert.deepEqual(me.failed(), ['denied']);
    assert.equal(me.state.failure, 'cut off');
  });

  test('tries again after a while that grows when the record cannot be read', () => {
    const me = contender();
    me.want('patiently');
    const waits = [1, 2, 3, 4, 5, 6, 7].map(() => {
      me.failed();
      const wait = me.wakesIn() ?? assert.fail('sleeps for ever');
      me.pass(wait);
      assert.deepEqual(me.tick(), ['read']);
      return wait;
    });
    assert.deepEqual(waits, [50, 100, 200, 400, 800, renewMs / 2, renewMs / 2]);
  });
});

describe('a taker', () => {
  test('looks after a refusal, and knows its own work', () => {
    const me = contender();
    me.want('once');
    me.sees();
    const { record } = me.sent;
    me.pass(1_000);
    assert.deepEqual(me.failed(), ['read']);
    me.pass(500);
    assert.deepEqual(me.sees('v1', record), ['won']);
    assert.equal(me.state.term?.fence, 'v1');
    me.pass(D - 1_500 - guardMs - 1);
    assert.equal(me.standing(), 'held');
    me.pass(1);
    assert.equal(me.standing(), 'over', 'its time counts from the sending');
  });

  test('learns of its success late, when the record could not be read for a while', () => {
    const me = contender();
    me.want('patiently');
    me.sees();
    const { record } = me.sent;
    me.failed();
    assert.deepEqual(me.failed(), []);
    me.pass(me.wakesIn() ?? assert.fail('sleeps for ever'));
    assert.deepEqual(me.tick(), ['read'], 'it looks before it takes again');
    assert.deepEqual(me.sees('v1', record), ['won']);
  });

  test('sees that somebody else was first', () => {
    const me = contender();
    me.want('once');
    me.sees();
    me.failed();
    assert.deepEqual(me.sees('v1', theirs()), ['denied']);
    assert.deepEqual(me.state.unsure, [], 'what was sent over no record can never happen any more');
  });

  test('keeps an attempt that may yet happen, and adopts it with the time of its sending', () => {
    const me = contender();
    me.want('patiently');
    me.sees();
    const first = me.sent.record;
    me.pass(1_000);
    me.failed();
    assert.deepEqual(me.sees(), [], 'waits, for the store answers but does not write');
    me.pass(me.wakesIn() ?? assert.fail('sleeps for ever'));
    assert.deepEqual(me.tick(), ['take']);
    assert.notEqual(me.sent.record.nonce, first.nonce);
    me.failed();
    assert.deepEqual(me.sees('v1', first), ['won']);
    assert.equal(me.state.term?.record.nonce, first.nonce);
    assert.equal(me.state.term.deadline, 5_000 + D);
  });

  test('is denied what it wants once when the store answers but does not write', () => {
    const me = contender();
    me.want('once');
    me.sees();
    me.failed();
    assert.deepEqual(me.sees(), ['denied']);
  });

  test('whose answer came too late has not won, and takes its own record again', () => {
    const me = contender();
    me.want('patiently');
    me.sees();
    me.pass(D - guardMs);
    assert.deepEqual(me.wrote('v1'), []);
    assert.equal(me.standing(), 'over');
    me.pass(me.wakesIn() ?? assert.fail('sleeps for ever'));
    assert.deepEqual(me.tick(), ['take']);
    assert.equal(me.sent.expects, 'v1');
    assert.deepEqual(me.wrote('v2'), ['won']);

    const once = contender();
    once.want('once');
    once.sees();
    once.pass(D);
    assert.deepEqual(once.wrote('v1'), ['denied']);
  });

  test('ignores the answer of a request that was given up', () => {
    const me = contender();
    me.want('once');
    me.sees();
    const call = me.state.calls;
    me.failed(call);
    const before = me.state;
    assert.deepEqual(me.answer({ type: 'wrote', version: 'v1' }, call), []);
    assert.deepEqual(me.state, before);
  });
});
