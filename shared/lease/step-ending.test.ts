import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { contender, D, holder, theirs, timing } from './step-rig.ts';

const { guardMs, renewMs } = timing;

describe('a holder that leaves', () => {
  test('frees the record, keeps the fence in it, and counts on nothing from that moment', () => {
    const me = holder();
    assert.deepEqual(me.leave(), ['free']);
    assert.equal(me.standing(), 'over');
    assert.equal(me.sent.expects, 'v1');
    assert.deepEqual([me.sent.record.holder, me.sent.record.fence], ['', 'v1']);
    assert.deepEqual(me.wrote('v2'), ['left']);
    assert.deepEqual(me.want(), ['take'], 'and need not look at what it wrote itself');
    assert.equal(me.sent.expects, 'v2');
    assert.equal(me.sent.record.term, 2);
  });

  test('names a successor, for whom it makes way itself', () => {
    const me = holder();
    me.leave('heir');
    assert.equal(me.sent.record.successor, 'heir');
    me.wrote('v2');
    assert.deepEqual(me.want('once'), ['read']);
    assert.deepEqual(me.sees('v2', me.sent.record), ['denied']);
  });

  test('waits for the renewal under way, and frees what came of it', () => {
    const me = holder();
    me.pass(renewMs);
    me.tick();
    assert.deepEqual(me.leave(), []);
    assert.deepEqual(me.wrote('v2'), ['free']);
    assert.equal(me.sent.expects, 'v2');
  });

  test('frees also what it took without being told in time', () => {
    const me = contender();
    me.want('patiently');
    me.sees();
    const { record } = me.sent;
    me.leave();
    assert.deepEqual(me.failed(), ['read']);
    assert.deepEqual(me.sees('v1', record), ['free']);
    assert.deepEqual(me.wrote('v2'), ['left']);
  });

  test('says that others may have to wait when a take of its may yet happen', () => {
    const me = contender();
    me.want('patiently');
    me.sees();
    me.leave();
    me.failed();
    assert.deepEqual(me.sees(), ['left uncleanly']);
  });

  test('tries twice, whatever has failed before', () => {
    const me = holder();
    me.pass(renewMs);
    me.tick();
    me.failed();
    me.failed();
    me.leave();
    if (me.state.call && !me.state.call.write) me.sees('v1', me.state.term?.record);
    assert.equal(me.state.call?.write?.kind, 'free');
    assert.deepEqual(me.failed(), ['read']);
    assert.deepEqual(me.sees('v1', me.state.term?.record), ['free']);
    assert.deepEqual(me.failed(), ['left uncleanly']);
  });

  test('is done when the look after a failure shows the record free, or somebody else`s', () => {
    for (const record of [theirs(), undefined]) {
      const me = holder();
      me.leave();
      me.failed();
      assert.deepEqual(me.sees('v2', record ?? me.sent.record), ['left']);
    }
  });

  test('counts on nothing when it wants the lease anew before its release was answered', () => {
    const me = holder();
    me.leave();
    assert.deepEqual(me.want('once'), []);
    assert.equal(me.standing(), 'over', 'the release may have happened');
    assert.deepEqual(me.wrote('v2'), ['left', 'take']);
    assert.deepEqual(me.wrote('v3'), ['won']);
    assert.equal(me.state.term?.fence, 'v3');
  });

  test('is not told that it lost what it gave back', () => {
    const me = holder();
    me.leave();
    me.pass(D);
    assert.deepEqual(me.tick(), []);
    assert.deepEqual(me.wrote('v2'), ['left']);
  });
});

describe('a term that has run out', () => {
  const frozen = () => {
    const me = holder();
    me.pass(5 * D);
    return me;
  };

  test('is resumed by one write over the version it left behind, under its old token', () => {
    const me = frozen();
    assert.deepEqual(me.resume(), ['lost: expired', 'renew']);
    assert.equal(me.sent.expects, 'v1');
    assert.equal(me.standing(), 'over', 'until that has happened');
    assert.deepEqual(me.wrote('v2'), ['won']);
    assert.equal(me.standing(), 'held');
    assert.equal(me.state.term?.fence, 'v1');
  });

  test('is not resumed when somebody has held the lease since', () => {
    const me = frozen();
    me.resume();
    assert.deepEqual(me.failed(), ['read']);
    assert.deepEqual(me.sees('v7', theirs()), ['denied']);
    assert.deepEqual(me.resume(), ['denied']);
  });

  test('is not resumed when the store does not answer, and may be later', () => {
    const me = frozen();
    me.resume();
    me.failed();
    assert.deepEqual(me.failed(), ['denied']);
    assert.deepEqual(me.resume(), ['renew']);
    assert.deepEqual(me.wrote('v2'), ['won']);
  });

  test('is resumed though the answer to the resumption was lost', () => {
    const me = frozen();
    me.resume();
    const { record } = me.sent;
    me.failed();
    assert.deepEqual(me.sees('v2', record), ['won']);
  });

  test('is not held again because a renewal of before its end is found to have happened', () => {
    const me = holder();
    me.pass(D - guardMs - 100);
    me.tick();
    const { record } = me.sent;
    me.failed();
    me.pass(200);
    assert.deepEqual(me.sees('v2', record), ['lost: expired']);
    assert.equal(me.standing(), 'over');
    assert.deepEqual(me.resume(), ['renew']);
    assert.equal(me.sent.expects, 'v2');
  });

  test('is won again, with notice, when a renewal of its turns out to have happened after a new wish', () => {
    const me = holder();
    me.pass(D - guardMs - 100);
    me.tick();
    const { record } = me.sent;
    me.failed();
    me.pass(200);
    me.failed();
    assert.deepEqual(me.want('once'), ['read']);
    assert.deepEqual(me.sees('v2', record), ['won']);
    assert.equal(me.standing(), 'held');
  });

  test('is resumed after the answer it was frozen with', () => {
    for (const end of ['wrote', 'failed'] as const) {
      const me = holder();
      me.pass(renewMs);
      me.tick();
      const { record } = me.sent;
      me.pass(5 * D);
      assert.deepEqual(me.resume(), ['lost: expired']);
      if (end === 'wrote') assert.deepEqual(me.wrote('v2'), ['renew']);
      else {
        assert.deepEqual(me.failed(), ['read']);
        assert.deepEqual(me.sees('v2', record), ['renew']);
      }
      assert.equal(me.sent.expects, 'v2');
      assert.deepEqual(me.wrote('v3'), ['won']);
    }
  });

  test('is given up by a new wish, which takes the record that it left', () => {
    const me = frozen();
    assert.deepEqual(me.want('once'), ['lost: expired', 'take']);
    assert.equal(me.sent.expects, 'v1');
    assert.deepEqual(me.wrote('v2'), ['won']);
    assert.equal(me.state.term?.fence, 'v2');
  });

  test('can still be given back, so that others need not wait', () => {
    const me = frozen();
    assert.deepEqual(me.leave(), ['lost: expired', 'free']);
    assert.deepEqual(me.wrote('v2'), ['left']);
  });

  test('that still stands is renewed, and did not begin anew', () => {
    const me = holder();
    assert.deepEqual(me.resume(), ['renew']);
    assert.equal(me.standing(), 'held');
    assert.deepEqual(me.wrote('v2'), []);
    assert.equal(me.state.want, undefined);
  });

  test('that never was cannot be resumed', () => {
    assert.deepEqual(contender().resume(), ['denied']);
  });
});
