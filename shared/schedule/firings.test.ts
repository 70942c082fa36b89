import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AppError, isAppError } from '../errors.ts';
import type { Store } from '../store/store.ts';
import { carryFiring } from '../telemetry/firing.ts';
import {
  ABANDONED_MS,
  busy,
  createProcess,
  effect,
  effects,
  FIRST,
  heldUp,
  never,
  newStore,
  pass,
  RENEWED_MS,
  SECOND,
  scheduledRow,
} from './rig.ts';

const errors = (process: { log: { lines: Record<string, unknown>[] } }) =>
  process.log.lines.filter(({ severity }) => severity === 'ERROR').map(({ message }) => String(message));

describe('a firing', () => {
  it('runs once and commits what the run answers, however often it is told of', async () => {
    const store = newStore();
    let runs = 0;
    const one = createProcess(store, async ({ id }) => [effect(`${id}.${++runs}`.replaceAll(':', ''))]);
    assert.equal(await one.tell(FIRST), 'done');
    assert.equal(await one.tell(FIRST), 'done');
    assert.equal(await createProcess(store, never).tell(FIRST), 'done');
    assert.equal((await effects(store)).length, 1);
    assert.equal(await one.tell(SECOND), 'done');
    assert.equal((await effects(store)).length, 2);
  });

  it('that finds nothing to do takes no lease and leaves no trace', async () => {
    const store = newStore();
    let idle = true;
    const one = createProcess(
      store,
      async () => [effect('a')],
      scheduledRow(),
      async () => idle,
    );
    assert.equal(await one.tell(FIRST), 'idle');
    for (const collection of ['leases', 'lease-history', 'schedule-firings'])
      assert.deepEqual((await store.list(collection, { limit: 10 })).docs, [], collection);
    idle = false;
    assert.equal(await one.tell(FIRST), 'done');
    assert.deepEqual(await effects(store), ['a']);
  });

  it('is known by its function too', async () => {
    const store = newStore();
    await createProcess(store, async () => [effect('a')]).tell(FIRST);
    const other = { ...scheduledRow(), name: 'day-watch' };
    assert.equal(await createProcess(store, async () => [effect('b')], other).tell(FIRST), 'done');
    assert.deepEqual(await effects(store), ['a', 'b']);
  });

  it('is being worked on for whoever is told of it meanwhile, here and elsewhere', async () => {
    const store = newStore();
    const { run, begun, answer } = heldUp();
    const one = createProcess(store, run);
    const two = createProcess(store, never);
    const running = one.tell(FIRST);
    await begun;
    await assert.rejects(one.tell(FIRST), busy);
    const elsewhere = two.tell(FIRST);
    await Promise.all([pass([one, two], RENEWED_MS, elsewhere), assert.rejects(elsewhere, busy)]);
    assert.equal(await two.isBegun(FIRST), true);
    answer([effect('a')]);
    assert.equal(await running, 'done');
    assert.equal(await two.tell(FIRST), 'done');
    assert.equal(await two.isBegun(FIRST), false);
  });

  it('is over for whoever sees it end elsewhere', async () => {
    const store = newStore();
    const { run, begun, answer } = heldUp();
    const one = createProcess(store, run);
    const two = createProcess(store, never);
    const running = one.tell(FIRST);
    await begun;
    const elsewhere = two.tell(FIRST);
    await pass([two], 500);
    answer([]);
    await running;
    await pass([two], RENEWED_MS, elsewhere);
    assert.equal(await elsewhere, 'done');
  });

  it('runs again after a failure that may pass, under a higher token, with the same id', async () => {
    const store = newStore();
    const seen: { id: string; token: number }[] = [];
    const one = createProcess(store, async ({ id, held }) => {
      seen.push({ id, token: held.token });
      if (seen.length < 3) throw new AppError('unavailable', 'x');
      return [effect('a')];
    });
    await assert.rejects(one.tell(FIRST), (error) => isAppError(error, 'unavailable'));
    assert.equal(await one.isBegun(FIRST), true);
    await assert.rejects(one.tell(FIRST));
    assert.equal(await one.tell(FIRST), 'done');
    assert.deepEqual(
      seen.map(({ id }) => id),
      [FIRST, FIRST, FIRST],
    );
    const tokens = seen.map(({ token }) => token);
    assert.deepEqual(
      tokens,
      [...new Set(tokens)].sort((a, b) => a - b),
    );
  });

  it('is over after a failure that no repetition mends', async () => {
    const store = newStore();
    const one = createProcess(store, async () => {
      throw new AppError('invalid', 'the watchman is ill');
    });
    const carried = { log: one.log, name: 'night-watch', firing: FIRST, judge: () => assert.fail('threw') };
    assert.equal(await carryFiring(carried, () => one.tell(FIRST)), 'failed');
    assert.deepEqual(errors(one), ['a firing can never succeed and is given up']);
    assert.match(String(one.log.lines.at(-1)?.['error']), /the watchman is ill/);
    assert.equal(await createProcess(store, never).tell(FIRST), 'failed');
    const [record] = (await store.list('schedule-firings', { limit: 2 })).docs;
    assert.equal(record?.value['reason'], 'the watchman is ill');
  });

  it('is over after a failure that may pass and was repeated enough, and the next one is named', async () => {
    const store = newStore();
    const one = createProcess(store, async () => {
      throw new AppError('unavailable', 'the lantern shop is shut', { triedEnough: true });
    });
    await one.clock.advance(Date.parse(FIRST) - one.clock.now());
    const carried = { log: one.log, name: 'night-watch', firing: FIRST, judge: () => assert.fail('threw') };
    assert.equal(await carryFiring(carried, () => one.tell(FIRST)), 'failed');
    assert.deepEqual(errors(one), [`a firing failed; the next one tries again (${SECOND})`]);
    assert.equal(one.log.lines.at(-1)?.['next'], SECOND);
    assert.equal(await createProcess(store, never).tell(FIRST), 'failed');
  });

  it('comes again where one of its writes is refused, and none of them has happened', async () => {
    const store = newStore();
    await store.create('effects', 'b', {});
    const one = createProcess(store, async () => [effect('a'), effect('b')]);
    await assert.rejects(one.tell(FIRST), (error) => isAppError(error, 'conflict'));
    assert.deepEqual(await effects(store), ['b']);
    await store.delete('effects', 'b', (await store.get('effects', 'b'))?.version ?? '');
    assert.equal(await one.tell(FIRST), 'done');
    assert.deepEqual(await effects(store), ['a', 'b']);
  });

  it('takes 490 writes', async () => {
    const store = newStore();
    const many = async () => Array.from({ length: 490 }, (_, index) => effect(`${index}`));
    assert.equal(await createProcess(store, many).tell(FIRST), 'done');
    assert.equal((await effects(store)).length, 490);
  });
});

describe('a run', () => {
  it('is told at its timeout, and what it answers then still counts', async () => {
    const store = newStore();
    const { run, begun, answer } = heldUp();
    const one = createProcess(store, run, scheduledRow({}, 40));
    const running = one.tell(FIRST);
    const { signal } = await begun;
    await pass([one], 39_500);
    assert.equal(signal.aborted, false);
    await pass([one], 500);
    assert.match(String(signal.reason), /did not end within 40 s/);
    answer([effect('a')]);
    assert.equal(await running, 'done');
    assert.deepEqual(await effects(store), ['a']);
  });

  it('is not waited for where it goes on all the same, and can commit nothing later', async () => {
    const store = newStore();
    const { run, begun, answer } = heldUp();
    const one = createProcess(store, run, scheduledRow({}, 10));
    const running = one.tell(FIRST);
    const { held } = await begun;
    await Promise.all([pass([one], 15_000, running), assert.rejects(running, /did not end within 10 s/)]);
    assert.match(errors(one)[0] ?? '', /goes on/);
    await assert.rejects(held.fenced([effect('late')]), (error) => isAppError(error, 'lease_lost'));
    answer([effect('late')]);
    assert.equal(await createProcess(store, async () => [effect('a')]).tell(FIRST), 'done');
    assert.deepEqual(await effects(store), ['a']);
  });

  it('is told when the caller does not wait any longer, and its lease is free after it', async () => {
    const store = newStore();
    const one = createProcess(
      store,
      ({ signal }) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason as Error));
          one.hangUp(new AppError('unavailable', 'the process is about to end'));
        }),
    );
    await assert.rejects(one.tell(FIRST), /about to end/);
    assert.equal(await createProcess(store, async () => []).tell(SECOND), 'done');
  });

  it('is told when its lease is taken away, and commits nothing', async () => {
    const store = newStore();
    const { run, begun, answer } = heldUp();
    const one = createProcess(store, run);
    const running = one.tell(FIRST);
    const { signal } = await begun;
    await one.leases.break('schedule.night-watch', 'a test', 'me');
    await pass([one], RENEWED_MS);
    assert.ok(isAppError(signal.reason, 'lease_lost'));
    answer([effect('a')]);
    await assert.rejects(running, (error) => isAppError(error, 'lease_lost'));
    assert.deepEqual(await effects(store), []);
  });

  it('that died is taken over once its lease has run out; should it wake, it commits nothing', async () => {
    const store = newStore();
    const { run, begun, answer } = heldUp();
    const one = createProcess(store, run);
    const asleep = one.tell(FIRST);
    const { held, signal } = await begun;
    // From here on no time passes for the first process: it stands still.
    const two = createProcess(store, async (firing) => {
      assert.ok(firing.held.token > held.token);
      return [effect('two')];
    });
    const takingOver = two.tell(FIRST);
    await pass([two], ABANDONED_MS, takingOver);
    assert.equal(await takingOver, 'done');
    assert.equal(signal.aborted, false);
    held.assert();
    answer([effect('one')]);
    await assert.rejects(asleep, (error) => isAppError(error, 'lease_lost'));
    assert.deepEqual(await effects(store), ['two']);
    assert.equal(await one.tell(FIRST), 'done');
  });
});

describe('a process that stalls between its turn and the run', () => {
  it('begins nothing once another has taken its turn', async () => {
    const store = newStore();
    const stalls = Promise.withResolvers<void>();
    const wakes = Promise.withResolvers<void>();
    const slow: Store = {
      ...store,
      async commit(writes) {
        if (writes.some(({ collection }) => collection === 'schedule-firings')) {
          stalls.resolve();
          await wakes.promise;
        }
        return store.commit(writes);
      },
    };
    const first = createProcess(slow, never).tell(FIRST);
    await stalls.promise;
    const { run, begun, answer } = heldUp();
    const two = createProcess(store, run);
    const second = two.tell(SECOND);
    await pass([two], ABANDONED_MS, begun);
    wakes.resolve();
    await assert.rejects(first, (error) => isAppError(error, 'lease_lost'));
    assert.equal(await two.isBegun(FIRST), false);
    answer([]);
    assert.equal(await second, 'done');
  });
});
