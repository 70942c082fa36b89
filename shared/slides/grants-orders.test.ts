/** Opening, fetching and closing in every order of requests to the store. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { systemClock } from '../clock.ts';
import { AppError } from '../errors.ts';
import { systemIds } from '../ids.ts';
import { createFirestoreDriver } from '../store/firestore.ts';
import { withShorthands } from '../store/index.ts';
import { createMemoryDriver } from '../store/memory.ts';
import type { Store, StoreDriver } from '../store/store.ts';
import { FETCHES, GRANTS } from './grant-record.ts';
import { type Granted, MOST_GETS } from './grants.ts';
import { createGrantsRig } from './grants-rig.ts';

type Task = 'take' | 'close';

/** A store each of whose requests waits until it is let through, and what came of them in their order. */
function gated(driver: StoreDriver) {
  const waiting: (() => void)[] = [];
  const happened: Task[] = [];
  const state = { shut: false };
  const gate = () => (state.shut ? new Promise<void>((resolve) => void waiting.push(resolve)) : undefined);
  const store: Store = withShorthands({
    ...driver,
    getMany: async (...args) => {
      await gate();
      return driver.getMany(...args);
    },
    commit: async (writes) => {
      await gate();
      const versions = await driver.commit(writes);
      if (writes.some(({ collection }) => collection === FETCHES)) happened.push('take');
      if (writes.some(({ op }) => op === 'delete')) happened.push('close');
      return versions;
    },
  });
  return { store, waiting, happened, state };
}

/** Runs the tasks side by side; the nth choice says which of the waiting requests goes next. Answers how many there were to choose from each time. */
async function run(tasks: readonly Task[], choices: readonly number[]): Promise<number[]> {
  const gates = gated(createMemoryDriver());
  const rig = createGrantsRig(gates.store);
  const { id, take, look } = await rig.open();
  gates.state.shut = true;
  const closes: Promise<number>[] = [];
  const takes: Promise<Granted | undefined>[] = [];
  for (const task of tasks) {
    if (task === 'close') closes.push(rig.grants.close(id));
    else takes.push(take());
  }
  const offered: number[] = [];
  for (;;) {
    await new Promise(setImmediate);
    if (gates.waiting.length === 0) break;
    const [next] = gates.waiting.splice(choices[offered.length] ?? 0, 1);
    offered.push(gates.waiting.length + 1);
    next?.();
  }
  gates.state.shut = false;

  const { happened } = gates;
  const end = happened.indexOf('close');
  const before = happened.filter((what) => what === 'take').length;
  const granted = (await Promise.all(takes)).filter(Boolean).length;
  assert.equal(granted, before, 'who was let in was counted, and nobody else');
  assert.equal((await rig.fetches()).length, before);
  assert.ok(before <= MOST_GETS);
  if (tasks.includes('close')) {
    assert.ok(!happened.slice(end).includes('take'), 'nobody is let in after the closing');
    assert.equal(Math.max(...(await Promise.all(closes))), before);
    assert.equal(await rig.store.get(GRANTS, id), undefined);
    assert.equal(await look(), undefined);
  } else assert.equal(before, Math.min(takes.length, MOST_GETS), 'nobody is sent away for having met another');
  return offered;
}

/** Every order there is. Answers how many. */
async function exhaust(tasks: readonly Task[]): Promise<number> {
  let runs = 0;
  for (let choices: number[] | undefined = []; choices; ) {
    const offered = await run(tasks, choices);
    runs++;
    const taken: number[] = offered.map((_, step) => choices?.[step] ?? 0);
    while (taken.length > 0 && (taken.at(-1) ?? 0) + 1 >= (offered[taken.length - 1] ?? 0)) taken.pop();
    choices = taken.length > 0 ? [...taken.slice(0, -1), (taken.at(-1) ?? 0) + 1] : undefined;
  }
  return runs;
}

describe('in every order of requests', () => {
  it('two GETs and the closing leave a count that is right, and nobody comes in after the closing', async () => {
    assert.ok((await exhaust(['take', 'take', 'close'])) > 100);
  });

  it('a GET and two closings end with it closed', async () => {
    assert.ok((await exhaust(['take', 'close', 'close'])) > 50);
  });

  it('GETs that meet are all let in', async () => {
    assert.ok((await exhaust(['take', 'take'])) >= 6);
    for (const count of [MOST_GETS, MOST_GETS + 2]) await run(Array<Task>(count).fill('take'), []);
  });
});

it('tells how often it was used although the answer to the closing was lost', async () => {
  const driver = createMemoryDriver();
  let lost = 0;
  const commit: Store['commit'] = async (writes) => {
    const versions = await driver.commit(writes);
    if (writes.every(({ op }) => op !== 'delete') || lost++ > 0) return versions;
    throw new AppError('outcome_unknown', 'the answer was lost');
  };
  const rig = createGrantsRig(withShorthands({ ...driver, commit }));
  const { id, take } = await rig.open();
  await take();
  assert.equal(await rig.grants.close(id), 1);
  assert.equal(await take(), undefined);
});

it('says so where it cannot close, and does not try for ever', async () => {
  const driver = createMemoryDriver();
  let tries = 0;
  const commit: Store['commit'] = async (writes) => {
    if (writes.every(({ op }) => op !== 'delete')) return driver.commit(writes);
    tries++;
    throw new AppError('unavailable', 'down');
  };
  const rig = createGrantsRig(withShorthands({ ...driver, commit }));
  await assert.rejects(rig.grants.close((await rig.open()).id), { code: 'unavailable' });
  assert.equal(tries, MOST_GETS + 2);
});

const emulator = process.env['FIRESTORE_EMULATOR_HOST'] ?? '';
const skip = emulator ? false : 'needs the Firestore emulator at FIRESTORE_EMULATOR_HOST';

it('counts and closes in Firestore as well', { skip, timeout: 60_000 }, async (t) => {
  const project = `hawker-${Date.now().toString(36)}-${process.pid}`;
  const driver = createFirestoreDriver({ project, emulator, clock: systemClock, ids: systemIds, timeoutMs: 30_000 });
  const store = withShorthands(driver);
  t.after(() => store.close());
  const rig = createGrantsRig(store);
  const one = await rig.open();
  const taken = await Promise.all(Array.from({ length: MOST_GETS + 2 }, () => one.take()));
  assert.equal(taken.filter(Boolean).length, MOST_GETS);
  const two = await rig.open();
  const [closed, ...met] = await Promise.all([rig.grants.close(two.id), two.take(), two.take()]);
  assert.equal(closed, met.filter(Boolean).length);
  assert.equal(await two.take(), undefined);
  assert.equal((await rig.fetches()).length, MOST_GETS + closed);
});
