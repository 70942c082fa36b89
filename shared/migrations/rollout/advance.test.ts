import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type Advanced, advance, noteStarted, type Outcome } from './advance.ts';
import { hasFailed, isOver, isUnderWay, type RolloutRecord } from './rollout.ts';

type Ending = 'done' | 'failed' | 'cancelled';

interface Scene {
  /** How each target's run will end, wave by wave. */
  endings: Ending[][];
  parallel: number;
  errorBudget: number;
  approve: boolean[];
}

const scenes: fc.Arbitrary<Scene> = fc.record({
  endings: fc.array(
    fc.array(fc.constantFrom<Ending>('done', 'done', 'done', 'failed', 'cancelled'), { maxLength: 6 }),
    { minLength: 1, maxLength: 4 },
  ),
  parallel: fc.integer({ min: 1, max: 4 }),
  errorBudget: fc.integer({ min: 0, max: 3 }),
  approve: fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }),
});

const nameOf = (wave: number, place: number) => `w${wave}-${place}`;

const recordOf = ({ endings, approve, ...rest }: Scene): RolloutRecord => ({
  ...rest,
  command: 'up',
  waves: endings.map((wave, number) => ({
    approve: approve[number] === true,
    takes: wave.map((_, place) => ({ target: nameOf(number, place), state: 'pending' })),
  })),
  by: 'ann',
  state: 'running',
  createdAt: '',
  updatedAt: '',
});

const allOf = ({ waves }: RolloutRecord) => waves.flatMap(({ takes }) => takes);

/** What may happen next, chosen by a number. */
type Turn = { does: 'advance' | 'begin' | 'note' | 'end' | 'approve' | 'cancel' | 'repeat'; pick: number };
const turns = (withCancel: boolean) =>
  fc.array(
    fc.record({
      does: fc.constantFrom<Turn['does']>(
        ...(['advance', 'advance', 'begin', 'note', 'end', 'end', 'approve', 'repeat'] as const),
        ...(withCancel ? (['cancel'] as const) : []),
      ),
      pick: fc.nat(1_000),
    }),
    { maxLength: 60 },
  );

/** The world around the state machine: runs, triggers that come twice, late, or with outcomes read long ago. */
function play(scene: Scene, script: readonly Turn[]) {
  let record = recordOf(scene);
  const runs = new Map<string, { begun: boolean; ended?: Ending; times: number }>();
  const readings: Map<string, Outcome>[] = [new Map()];
  const asked = new Set<string>();

  const endingOf = (target: string) => {
    const [, wave = '0', place = '0'] = /w(\d+)-(\d+)/.exec(target) ?? [];
    return scene.endings[Number(wave)]?.[Number(place)] ?? 'done';
  };
  const read = () => {
    const found = new Map<string, Outcome>();
    for (const { target } of allOf(record).filter(isUnderWay)) {
      const run = runs.get(target);
      if (run?.ended) found.set(target, { is: run.ended, changed: run.ended === 'done' });
      else if (run) found.set(target, { is: run.begun ? 'begun' : 'queued' });
    }
    readings.push(found);
    return found;
  };
  const follow = (outcomes: Map<string, Outcome>) => {
    const before = record;
    const { record: after, start, cancel }: Advanced = advance(record, outcomes);
    check(before, after, start);
    record = after;
    for (const target of start) asked.add(target);
    for (const target of cancel) {
      const run = runs.get(target) ?? { begun: false, times: 0 };
      if (!run.begun) run.ended ??= 'cancelled';
      runs.set(target, run);
    }
    assert.deepEqual(advance(record, outcomes).record, record, 'the same trigger twice changes nothing');
  };
  const check = (before: RolloutRecord, after: RolloutRecord, start: string[]) => {
    if (isOver(before)) assert.deepEqual([after, start], [before, []], 'ends are ends');
    const underWay = allOf(after).filter(isUnderWay);
    assert.ok(underWay.length <= scene.parallel, 'never more than parallel at once');
    for (const [number, wave] of after.waves.entries()) {
      if (wave.takes.every(({ state }) => state === 'pending')) continue;
      assert.ok(!wave.approve || wave.approvedBy !== undefined, 'approved before it began');
      for (const earlier of after.waves.slice(0, number))
        assert.ok(
          earlier.takes.every((taken) => taken.state !== 'pending' && !isUnderWay(taken)),
          'the waves before it are over',
        );
    }
    const fresh = allOf(after).filter(
      ({ target, state }) =>
        state === 'starting' && allOf(before).some((was) => was.target === target && was.state === 'pending'),
    );
    if (allOf(after).filter(hasFailed).length > scene.errorBudget || after.cancelledBy !== undefined)
      assert.deepEqual(fresh, [], 'nobody is begun after it stopped');
    for (const [index, was] of allOf(before).entries())
      if (!isUnderWay(was) && was.state !== 'pending') assert.deepEqual(allOf(after)[index], was, 'outcomes stay');
  };
  const some = <T>(list: readonly T[], pick: number): T | undefined => list[pick % Math.max(1, list.length)];
  const turn = ({ does, pick }: Turn) => {
    const queued = [...runs].filter(([, run]) => !run.begun && !run.ended);
    const running = [...runs].filter(([, run]) => run.begun && !run.ended);
    if (does === 'advance') follow(read());
    if (does === 'repeat') follow(some(readings, pick) ?? new Map());
    if (does === 'begin') {
      const target = some([...asked], pick);
      if (target !== undefined && !runs.has(target)) runs.set(target, { begun: false, times: 0 });
    }
    if (does === 'note') {
      // Noted only by whoever had the run begun.
      const begun = [...runs.keys()].filter((_, place) => (pick >> (place % 8)) % 2 === 0);
      record = noteStarted(record, begun);
    }
    if (does === 'end') {
      const [, waiting] = some(queued, pick) ?? [];
      if (waiting && pick % 2 === 0) Object.assign(waiting, { begun: true, times: waiting.times + 1 });
      else {
        const [target, run] = some(running, pick) ?? [];
        if (run && target !== undefined) run.ended = endingOf(target);
      }
    }
    if (does === 'approve' && record.state === 'waiting') {
      const place = record.waves.findIndex(({ takes }) => takes.some(({ state }) => state === 'pending'));
      const wave = record.waves[place];
      if (wave) record = { ...record, waves: record.waves.with(place, { ...wave, approvedBy: 'bob' }) };
    }
    if (does === 'cancel' && !isOver(record)) record = { ...record, cancelledBy: 'bob' };
  };
  for (const each of script) turn(each);
  // From here on everybody does what they should.
  for (let round = 0; !isOver(record); round++) {
    assert.ok(round < 500, `it comes to an end: ${JSON.stringify(record)}`);
    turn({ does: 'advance', pick: 0 });
    turn({ does: 'approve', pick: 0 });
    for (const target of asked) if (!runs.has(target)) runs.set(target, { begun: false, times: 0 });
    record = noteStarted(record, [...runs.keys()]);
    for (const [target, run] of runs) {
      if (!run.begun && !run.ended) Object.assign(run, { begun: true, times: run.times + 1 });
      if (!run.ended) run.ended = endingOf(target);
    }
  }
  return { record, runs, asked };
}

describe('a rollout', () => {
  it('ends, runs nothing twice, keeps to its lanes, its order and its budget, whatever comes when', () => {
    fc.assert(
      fc.property(scenes, turns(false), (scene, script) => {
        const { record, runs } = play(scene, script);
        for (const { times } of runs.values()) assert.ok(times <= 1);
        const failed = allOf(record).filter(hasFailed).length;
        assert.equal(record.state, failed > scene.errorBudget ? 'failed' : 'done');
        if (record.state === 'done') assert.equal(runs.size, allOf(record).length, 'each target was run');
        assert.ok(failed <= scene.errorBudget + scene.parallel, 'stopped at its budget but for those under way');
      }),
      { numRuns: 500 },
    );
  });

  it('is cancelled at any time, with no run left behind', () => {
    fc.assert(
      fc.property(scenes, turns(true), fc.nat(20), (scene, script, at) => {
        const { record, runs } = play(scene, script.toSpliced(at, 0, { does: 'cancel', pick: 0 }));
        assert.ok(isOver(record));
        assert.ok(allOf(record).every((taken) => !isUnderWay(taken)));
        for (const { ended } of runs.values()) assert.notEqual(ended, undefined);
      }),
      { numRuns: 500 },
    );
  });
});
