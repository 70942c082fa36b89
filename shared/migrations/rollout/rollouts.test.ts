import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { AppError } from '../../errors.ts';
import { systemIds } from '../../ids.ts';
import { withShorthands } from '../../store/index.ts';
import { createMemoryDriver } from '../../store/memory.ts';
import { createFakeClock } from '../../testing/fake-clock.ts';
import { createRuns, hasEnded } from '../run-records.ts';
import type { WaveAsked } from './rollout.ts';
import { createRollouts, rolloutRunId } from './rollouts.ts';
import { fallIntoWaves } from './waves.ts';

const target = (name: string, stage: string) => ({ name, kind: 'sqlite' as const, labels: { stage } });
const TARGETS = [
  ...['a', 'b'].map((name) => target(name, 'canary')),
  ...['c', 'd', 'e'].map((name) => target(name, 'rest')),
];
const CANARY = { labels: { stage: 'canary' } };

/** A store that fails when told to: before it has written, or after. Messages that are handled at least once. */
function createRig(accidents: Iterator<'none' | 'before' | 'after' | 'start'> = ['none' as const].values()) {
  const driver = createMemoryDriver();
  const clock = createFakeClock();
  let isShaky = false;
  const next = () => (isShaky ? (accidents.next().value ?? 'none') : 'none');
  const away = () => new AppError('unavailable', 'away');
  const store = withShorthands({
    ...driver,
    async commit(writes) {
      const accident = next();
      if (accident === 'before') throw away();
      const versions = await driver.commit(writes);
      if (accident === 'after') throw away();
      return versions;
    },
  });
  const runs = createRuns({ store: withShorthands(driver), clock, ids: systemIds });
  const messages: string[] = [];
  const carriedOut: string[] = [];
  const trouble = { begin: false };
  const fails = new Set<string>();
  const rollouts = createRollouts({
    ...{ store, clock, ids: systemIds },
    runs: {
      ...runs,
      begin: (...given) => (trouble.begin ? Promise.reject(away()) : runs.begin(...given)),
    },
    async start({ id }) {
      if (next() === 'start') throw away();
      messages.push(id);
    },
  });
  const rig = {
    ...{ rollouts, runs, messages, carriedOut, fails, trouble },
    create: (waves: WaveAsked[], more: { parallel?: number; errorBudget?: number } = {}) =>
      rollouts.create(
        {
          ...{ command: { command: 'up', steps: 2 }, waves: fallIntoWaves(TARGETS, waves).waves },
          ...{ parallel: 1, errorBudget: 0, lockTimeoutMs: 500, maxCostUsd: 3, by: 'ann', ...more },
        },
        'r1',
      ),
    shaky: () => {
      isShaky = true;
    },
    /** As migration-runs does. */
    async handle(id: string) {
      await runs.update(id, (record) => {
        if (hasEnded(record)) return undefined;
        carriedOut.push(record.target);
        const to = { version: '2', dirty: false };
        if (!fails.has(record.target)) return { ...record, state: 'done', changed: true, to };
        return { ...record, state: 'failed', error: { code: 'migration_failed', detail: `no ${record.target}` } };
      });
      await rollouts.advance('r1');
    },
    /** Until nothing is left; answers the targets in the order in which they were carried out. */
    async drain(order: (count: number) => number = () => 0) {
      for (let turns = 0; messages.length > 0; turns++) {
        assert.ok(turns < 500, 'messages come to an end');
        const [id = ''] = messages.splice(order(messages.length), 1);
        await rig.handle(id).catch((error: unknown) => {
          if (!(error instanceof AppError && error.retryable)) throw error;
          messages.push(id);
        });
      }
      return carriedOut;
    },
    states: async () =>
      (await rollouts.get('r1')).waves.map(({ takes }) => takes.map(({ target: name, state }) => `${name} ${state}`)),
  };
  return rig;
}

describe('a rollout over records', () => {
  it('runs wave after wave, each target once, with what was asked for', async () => {
    const rig = createRig();
    const { record } = await rig.create([CANARY, {}], { parallel: 2 });
    assert.equal(record.state, 'running');
    assert.deepEqual(rig.messages, [rolloutRunId('r1', 'a'), rolloutRunId('r1', 'b')]);
    const { command, steps, lockTimeoutMs, maxCostUsd, rollout, by } =
      (await rig.runs.get(rig.messages[0] ?? '')) ?? {};
    assert.deepEqual([command, steps, lockTimeoutMs, maxCostUsd, rollout, by], ['up', 2, 500, 3, 'r1', 'ann']);
    assert.deepEqual(await rig.drain(), ['a', 'b', 'c', 'd', 'e']);
    const ended = await rig.rollouts.get('r1');
    assert.deepEqual([ended.state, ended.endedAt === undefined], ['done', false]);
    assert.deepEqual(ended.waves[1]?.takes[0], { target: 'c', state: 'done', changed: true, version: '2' });
  });

  it('stops at the first failure, says why, and leaves later waves alone', async () => {
    const rig = createRig();
    rig.fails.add('a');
    await rig.create([CANARY, {}]);
    assert.deepEqual(await rig.drain(), ['a']);
    const { state, waves } = await rig.rollouts.get('r1');
    assert.deepEqual([state, waves[0]?.takes[0]?.error], ['failed', { code: 'migration_failed', detail: 'no a' }]);
    assert.deepEqual((await rig.states())[1], ['c pending', 'd pending', 'e pending']);
  });

  it('goes on within its budget', async () => {
    const rig = createRig();
    rig.fails.add('a');
    await rig.create([CANARY, {}], { errorBudget: 1 });
    assert.deepEqual(await rig.drain(), ['a', 'b', 'c', 'd', 'e']);
    assert.equal((await rig.rollouts.get('r1')).state, 'done');
  });

  it('waits for the approval of the very wave it stands before', async () => {
    const rig = createRig();
    await rig.create([CANARY, { approve: true }]);
    await assert.rejects(rig.rollouts.approve('r1', 2, 'bob'), { code: 'precondition_failed' });
    assert.deepEqual(await rig.drain(), ['a', 'b']);
    assert.equal((await rig.rollouts.get('r1')).state, 'waiting');
    for (const number of [1, 3])
      await assert.rejects(rig.rollouts.approve('r1', number, 'bob'), {
        message: `The rollout does not wait before wave ${number}: it waits before wave 2`,
      });
    assert.equal((await rig.rollouts.approve('r1', 2, 'bob')).waves[1]?.approvedBy, 'bob');
    await rig.rollouts.approve('r1', 2, 'carol');
    assert.equal((await rig.rollouts.get('r1')).waves[1]?.approvedBy, 'bob');
    assert.deepEqual(await rig.drain(), ['a', 'b', 'c', 'd', 'e']);
  });

  it('is cancelled at once where no run has begun, and otherwise when those under way have ended', async () => {
    const rig = createRig();
    await rig.create([{}], { parallel: 2 });
    const [first = ''] = rig.messages;
    await rig.runs.update(first, (record) => ({ ...record, state: 'running', claim: 1 }));
    assert.equal((await rig.rollouts.cancel('r1', 'bob')).state, 'running');
    assert.equal((await rig.runs.get(first))?.cancelRequested, true);
    assert.deepEqual((await rig.states())[0]?.slice(0, 3), ['a started', 'b cancelled', 'c pending']);
    await rig.runs.update(first, (record) => ({ ...record, state: 'cancelled' }));
    await rig.drain();
    const { state, cancelledBy } = await rig.rollouts.cancel('r1', 'carol');
    assert.deepEqual([state, cancelledBy, rig.carriedOut], ['cancelled', 'bob', []]);
  });

  it('cancels a run that was about to be begun by somebody who comes late', async () => {
    const rig = createRig();
    rig.trouble.begin = true;
    await assert.rejects(rig.create([{}]), { code: 'unavailable' });
    assert.equal((await rig.states())[0]?.[0], 'a starting');
    rig.trouble.begin = false;
    assert.equal((await rig.rollouts.cancel('r1', 'bob')).state, 'cancelled');
    const late = await rig.runs.begin({ target: 'a', command: { command: 'up' }, by: 'late' }, rolloutRunId('r1', 'a'));
    assert.equal(late.record.state, 'cancelled');
  });

  it('publishes a run once where nothing goes wrong, however often it is looked at', async () => {
    const rig = createRig();
    await rig.create([{}], { parallel: 3 });
    for (let n = 0; n < 5; n++) await rig.rollouts.advance('r1');
    assert.equal(rig.messages.length, 3);
  });

  it('comes to the same end when processes die between any two writes, in any order of messages', async () => {
    const accident = fc.constantFrom(
      'none' as const,
      'none' as const,
      'before' as const,
      'after' as const,
      'start' as const,
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(accident, { maxLength: 25 }),
        fc.array(fc.nat(20), { minLength: 1, maxLength: 30 }),
        fc.integer({ min: 1, max: 4 }),
        fc.subarray(['a', 'b', 'c', 'd', 'e']),
        fc.nat(3),
        async (accidents, picks, parallel, fails, errorBudget) => {
          const rig = createRig(accidents.values());
          for (const name of fails) rig.fails.add(name);
          await rig.create([CANARY, {}], { parallel, errorBudget });
          rig.shaky();
          let turn = 0;
          await rig.drain((count) => (picks[turn++ % picks.length] ?? 0) % count);
          const { state } = await rig.rollouts.get('r1');
          assert.equal(new Set(rig.carriedOut).size, rig.carriedOut.length, 'each target once');
          const failed = rig.carriedOut.filter((name) => rig.fails.has(name)).length;
          assert.equal(state, failed > errorBudget ? 'failed' : 'done');
          if (state === 'done') assert.equal(rig.carriedOut.length, 5);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('lists the newest first', async () => {
    const rig = createRig();
    await rig.create([{}]);
    const { items } = await rig.rollouts.list({ limit: 10 });
    assert.deepEqual(
      items.map(({ id }) => id),
      ['r1'],
    );
    await assert.rejects(rig.rollouts.get('r2'), { code: 'not_found' });
  });
});
