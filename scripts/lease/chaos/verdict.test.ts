/** Each rule of the judge: what keeps it, and what breaks it. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Line } from './evidence.ts';
import { judge, type LedgerCopy } from './verdict.ts';

const began = (pid: number): Line => ({ kind: 'began', at: 0, pid, worker: `w${pid}` });
const held = (token: number, more: Partial<Extract<Line, { kind: 'held' }>> = {}): Line => ({
  kind: 'held',
  hold: 1,
  token,
  identity: `i${token}`,
  asked: 0,
  resumed: false,
  ...more,
});
/** Counted on for certain from `to`, and for as long as `until`. */
const counts = (to: number, until: number, hold = 1): Line => ({ kind: 'counts', hold, from: to - 1, to, until });
const released = (at: number, hold = 1): Line => ({ kind: 'over', hold, at, how: 'released' });
const write = (token: number, accepted = true, identity = `i${token}`): Line => ({
  kind: 'write',
  at: token,
  token,
  identity,
  accepted,
});
const commit = (id: string, token: number, at: number): Line => ({ kind: 'commit', id, token, at });
const told = (id: string, outcome: 'done' | 'refused' | 'unknown', at: number): Line => ({
  kind: 'told',
  id,
  outcome,
  code: 'conflict',
  at,
});
const durationMs = 100;
const lost = (from: number, to: number) => ({ from, to, lostData: true });

interface Given {
  outages?: { from: number; to: number; lostData: boolean }[];
  ledger?: LedgerCopy[];
}

/** The rules that these processes broke. */
function broken(processes: Line[][], { outages = [], ledger = [] }: Given = {}): string[] {
  const evidence = new Map(processes.map((lines, place) => [`${place}.jsonl`, [began(place + 1), ...lines]]));
  return judge({ evidence, ledger, outages, durationMs }).violations.map(({ rule }) => rule);
}

const copyOf = (...entries: [id: string, token: number][]): LedgerCopy => ({
  since: 0,
  at: 1_000,
  entries: entries.map(([id, token], place) => ({ id, token, count: place + 1 })),
  counter: entries.length,
});

describe('the judge, on terms', () => {
  it('lets one follow another', () => {
    assert.deepEqual(
      broken([
        [held(1), counts(10, 100)],
        [held(2), counts(101, 200)],
      ]),
      [],
    );
  });

  it('finds two at once, also where the first was killed in the middle of its term', () => {
    assert.deepEqual(
      broken([
        [held(1), counts(10, 100)],
        [held(2), counts(99, 200)],
      ]),
      ['overlap'],
    );
  });

  it('takes what was released for over, however long it might have gone on', () => {
    assert.deepEqual(
      broken([
        [held(1), counts(10, 100), released(50)],
        [held(2), counts(51, 200)],
      ]),
      [],
    );
  });

  it('takes a term that was resumed and released for over from its beginning to its release', () => {
    const resumed = held(1, { hold: 2, resumed: true });
    const one = [held(1), counts(10, 100), resumed, counts(60, 120, 2), released(70, 2)];
    assert.deepEqual(broken([one, [held(2), counts(71, 200)]]), []);
  });

  it('does not hold it against a lease that its store forgot who led', () => {
    const processes = [
      [held(1), counts(10, 100)],
      [held(2), counts(60, 200)],
    ];
    assert.deepEqual(broken(processes, { outages: [lost(40, 50)] }), []);
    assert.deepEqual(broken(processes, { outages: [lost(120, 130)] }), ['overlap']);
  });

  it('nor where the one of whom it forgot came to count on the lease only then, as after a stop', () => {
    const before = [held(1, { asked: 30 }), counts(60, 100)];
    const after = [held(2, { asked: 51 }), counts(70, 200)];
    const outages = [lost(40, 50)];
    assert.deepEqual(broken([before, after], { outages }), []);
    const earlier = [held(2, { asked: 51 }), counts(55, 200)];
    assert.deepEqual(broken([before, earlier], { outages }), []);
    const resumed = held(1, { hold: 2, asked: 58, resumed: true });
    assert.deepEqual(
      broken([[held(1, { asked: 30 }), counts(35, 45), resumed, counts(60, 100, 2)], after], { outages }),
      [],
    );
  });

  it('but where both were asked for afterwards, or the older was renewed', () => {
    const outages = [lost(40, 50)];
    const after = [held(2, { asked: 51 }), counts(70, 200)];
    assert.deepEqual(broken([[held(1, { asked: 51 }), counts(60, 100)], after], { outages }), ['overlap']);
    assert.deepEqual(broken([[held(1, { asked: 30 }), counts(35, 160)], after], { outages }), ['overlap']);
  });

  it('finds a token that went back', () => {
    assert.deepEqual(
      broken([
        [held(2), counts(10, 20)],
        [held(1, { asked: 15 }), counts(30, 40)],
      ]),
      ['token'],
    );
  });

  it('finds one that went back when the store lost its data', () => {
    const processes = [
      [held(2), counts(10, 20)],
      [held(1, { asked: 55 }), counts(60, 70)],
    ];
    assert.deepEqual(broken(processes, { outages: [lost(40, 50)] }), ['token']);
  });

  it('finds a token that was given twice, also where nobody came to count on it', () => {
    assert.deepEqual(broken([[held(1)], [held(1, { identity: 'other' })]]), ['token']);
    assert.deepEqual(broken([[held(1)], [write(1, true, 'other')]]), ['token']);
  });

  it('measures the longest time without a leader, but for outages', () => {
    const evidence = new Map([
      ['1', [held(1), counts(10, 100)]],
      ['2', [held(2), counts(200, 300)]],
    ]);
    const outages = [{ from: 120, to: 150, lostData: false }];
    assert.equal(judge({ evidence, ledger: [], outages: [], durationMs }).tally.longestWithoutLeaderMs, 100);
    assert.equal(judge({ evidence, ledger: [], outages, durationMs }).tally.longestWithoutLeaderMs, 70);
  });
});

describe('the judge, on effects', () => {
  it('lets the resource refuse what is stale, and counts it', () => {
    const evidence = new Map([['r', [write(1), write(3), write(2, false), write(3)]]]);
    const { tally, violations } = judge({ evidence, ledger: [], outages: [], durationMs });
    assert.deepEqual([tally.acceptedWrites, tally.refusedStaleWrites, violations], [3, 1, []]);
  });

  it('finds a stale write that was accepted', () => {
    assert.deepEqual(broken([[write(1), write(3), write(2)]]), ['stale write']);
  });

  it('accepts a store that holds what was said to be done, and perhaps what nobody knows of', () => {
    const lines = [
      commit('a', 1, 10),
      told('a', 'done', 11),
      commit('b', 1, 12),
      told('b', 'refused', 13),
      commit('c', 1, 14),
    ];
    assert.deepEqual(broken([lines], { ledger: [copyOf(['a', 1])] }), []);
    assert.deepEqual(broken([lines], { ledger: [copyOf(['a', 1], ['c', 1])] }), []);
  });

  it('finds a commit that was lost, but not one that went with the data or was done after the copy', () => {
    const lines = [commit('a', 1, 10), told('a', 'done', 11)];
    assert.deepEqual(broken([lines], { ledger: [copyOf()] }), ['lost commit']);
    assert.deepEqual(broken([lines], { ledger: [{ ...copyOf(), since: 500 }] }), []);
    assert.deepEqual(broken([lines], { ledger: [{ ...copyOf(), at: 5 }] }), []);
  });

  it('finds one that is there though it was refused', () => {
    const lines = [commit('a', 1, 10), told('a', 'refused', 11)];
    assert.deepEqual(broken([lines], { ledger: [copyOf(['a', 1])] }), ['false refusal']);
  });

  it('finds one that is there twice, and a counter that does not fit', () => {
    const lines = [commit('a', 1, 10), told('a', 'done', 11)];
    assert.deepEqual(broken([lines], { ledger: [copyOf(['a', 1], ['a', 1])] }), ['doubled commit']);
    assert.deepEqual(broken([lines], { ledger: [{ ...copyOf(['a', 1]), counter: 2 }] }), ['doubled commit']);
  });

  it('finds a stale commit by the order of the store', () => {
    const lines = [commit('a', 2, 10), commit('b', 1, 11)];
    assert.deepEqual(broken([lines], { ledger: [copyOf(['a', 2], ['b', 1])] }), ['stale commit']);
  });

  it('finds a stale commit by the time at which it was sent, though the next leader had not committed yet', () => {
    const next = [held(2), counts(20, 100)];
    assert.deepEqual(broken([[commit('a', 1, 19)], next], { ledger: [copyOf(['a', 1])] }), []);
    assert.deepEqual(broken([[commit('a', 1, 21)], next], { ledger: [copyOf(['a', 1])] }), ['stale commit']);
  });

  it('reports an error that no interface announces', () => {
    assert.deepEqual(broken([[{ kind: 'trouble', at: 1, doing: 'acquire', what: 'TypeError' }]]), ['error']);
  });
});
