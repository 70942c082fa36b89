import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readTold, toldAlert, toldWrite } from '#shared/bus/alert-records.ts';
import { ALERTS, type WaitingAlert } from '#shared/bus/alerts.ts';
import { loadConfig } from '#shared/config.ts';
import type { Runtime } from '#shared/define.ts';
import { AppError } from '#shared/errors.ts';
import { refusal } from '#shared/lta/feed-refusal.ts';
import { withShorthands } from '#shared/store/index.ts';
import { createMemoryDriver } from '#shared/store/memory.ts';
import type { Store, Write } from '#shared/store/store.ts';
import createBusAlerts from './index.ts';
import { anAlert, aRow, at, createRig, MINUTE_MS } from './rig.ts';

/** An alert of 5 minutes' walk and 2 minutes' lead is due. */
const DUE = [aRow(at(8 * MINUTE_MS))];
const LATER = [aRow(at(60 * MINUTE_MS))];

/** A store in which something happens right before the first commit that deletes an alert. */
function disturbed(before: (store: Store, id: string) => Promise<void>): Store {
  const store = withShorthands(createMemoryDriver());
  let done = false;
  const commit = async (writes: readonly Write[]) => {
    const leave = writes.find(({ op, collection }) => op === 'delete' && collection === ALERTS);
    if (leave && !done) {
      done = true;
      await before(store, leave.id);
    }
    return store.commit(writes);
  };
  return { ...store, commit };
}

describe('bus-alerts', () => {
  it('tells of those whose time has come and moves them, and leaves the others', async () => {
    const rig = createRig({ rows: (stop) => (stop === '83139' ? DUE : LATER) });
    const [due, other] = [anAlert(), anAlert({ stop: '83131' })];
    await rig.add(due, other);
    assert.deepEqual(await rig.fire(), []);
    assert.deepEqual(
      rig.published.map(({ id }) => id),
      [`${due.id}.${at(0)}`],
    );
    assert.deepEqual(
      (await rig.waiting()).map(({ id }) => id),
      [other.id],
    );
    const [told, ...more] = await rig.told();
    assert.deepEqual(more, []);
    const { target: _, ...rest } = due.value;
    assert.deepEqual(
      [told?.id, told?.value],
      [due.id, { ...rest, state: 'telling', eta: at(8 * MINUTE_MS), at: at(0) }],
    );
    await rig.fire();
    assert.equal(rig.published.length, 1, 'and never again');
  });

  it('reads the board of a stop once, however many wait there', async () => {
    const rig = createRig({ rows: () => LATER });
    await rig.add(...Array.from({ length: 1_200 }, (_, n) => anAlert({ stop: n % 2 === 0 ? '83139' : '83131' })));
    await rig.fire();
    assert.deepEqual(rig.reads.sort(), ['83131', '83139']);
  });

  it('ends those whose time is over, without asking for their boards', async () => {
    const rig = createRig({ rows: () => DUE });
    const { id, value } = anAlert({ until: at(0) });
    await rig.add({ id, value });
    await rig.fire();
    assert.deepEqual([rig.reads, rig.published, await rig.waiting()], [[], [], []]);
    assert.equal((await readTold(rig.store, id))?.value.state, 'expired');
  });

  it('lets alerts wait whose board cannot be read, says so once, and goes on with the others', async () => {
    const rig = createRig({
      rows: (stop) => {
        if (stop === '83139') return DUE;
        throw new AppError('unavailable', 'LTA does not answer');
      },
    });
    await rig.add(anAlert(), anAlert({ stop: '00001' }), anAlert({ stop: '00002', until: at(10 * MINUTE_MS) }));
    await rig.fire();
    assert.equal(rig.published.length, 1);
    assert.equal((await rig.waiting()).length, 2);
    const lines = rig.log.lines.filter(({ message }) => message === 'boards could not be read, and their alerts wait');
    assert.deepEqual(
      lines.map(({ stops, why }) => [stops, why]),
      [[2, ['unavailable']]],
    );
    await rig.clock.advance(10 * MINUTE_MS);
    await rig.fire();
    assert.deepEqual(
      (await rig.waiting()).map(({ value }) => value.stop),
      ['00001'],
      'the other has expired meanwhile',
    );
  });

  it('is not held up by boards that never come, and asks the others first the next time', async () => {
    const never = (signal: AbortSignal | undefined) =>
      new Promise<never>((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason as Error)));
    const rig = createRig({ rows: (stop, signal) => (Number(stop) < 10_040 ? never(signal) : DUE) });
    await rig.add(...Array.from({ length: 50 }, (_, n) => anAlert({ stop: String(10_000 + n) })));
    for (let firing = 0; firing < 2; firing++) {
      let over = false;
      const firing = rig.fire().finally(() => {
        over = true;
      });
      while (!over) await rig.clock.advance(1_000);
      await firing;
    }
    assert.equal(rig.clock.now() <= Date.parse(at(60_000)), true, 'each within half a minute');
    assert.equal(rig.published.length, 10);
    assert.equal(rig.clock.sleepers, 0);
  });

  it('reads first what it has not read for the longest time, where its own limit refuses some', async () => {
    let budget = 3;
    const rig = createRig({
      rows: () => {
        if (budget-- > 0) return LATER;
        throw refusal({ reason: 'budget' }, 1_000);
      },
    });
    const stops = Array.from({ length: 9 }, (_, n) => String(10_000 + n));
    await rig.add(...stops.map((stop) => anAlert({ stop })));
    const seen = new Set<string>();
    for (let firing = 0; firing < 3; firing++) {
      budget = 3;
      rig.reads.length = 0;
      await rig.fire();
      for (const stop of rig.reads.slice(0, 3)) seen.add(stop);
      await rig.clock.advance(MINUTE_MS);
    }
    assert.equal(seen.size, 9);
  });

  it('ends at most 240 at once, the most urgent first, and the others the next time', async () => {
    const minutes = (stop: string) => Number(stop) - 10_000;
    const rig = createRig({ rows: (stop) => [aRow(at(7 * MINUTE_MS + minutes(stop) * 200))] });
    const stops = Array.from({ length: 300 }, (_, n) => String(10_000 + ((n * 7) % 300)));
    await rig.add(...stops.map((stop) => anAlert({ stop })));
    await rig.fire();
    const first = rig.published.map(({ data }) => data.stop);
    assert.deepEqual([...first].sort(), [...stops].sort().slice(0, 240));
    await rig.fire();
    assert.equal(rig.published.length, 300);
    assert.deepEqual(await rig.waiting(), []);
  });

  it('publishes under one name what it published before it died', async () => {
    const store = withShorthands(createMemoryDriver());
    let dies = true;
    const commit = (writes: readonly Write[]) =>
      dies && writes.some(({ collection }) => collection === ALERTS)
        ? Promise.reject(new AppError('unavailable', 'cut off'))
        : store.commit(writes);
    const rig = createRig({ rows: () => DUE, store: { ...store, commit } });
    const alert = anAlert();
    await store.create(ALERTS, alert.id, alert.value);
    await assert.rejects(rig.fire(), { code: 'unavailable' });
    dies = false;
    await rig.fire();
    assert.equal(rig.published.length, 2);
    assert.equal(new Set(rig.published.map(({ id, source }) => `${source} ${id}`)).size, 1);
    assert.deepEqual(await rig.waiting(), []);
  });

  it('keeps an alert that could not be published, tells the others, and fails so that the firing comes again', async () => {
    let down = true;
    const [first, second] = [anAlert(), anAlert()];
    const rig = createRig({
      rows: () => DUE,
      publish: async ({ data }) => {
        if (down && data.alert === first.id) throw new AppError('unavailable', 'the queue is full');
      },
    });
    await rig.add(first, second);
    await assert.rejects(rig.fire(), /1 alerts could not be ended: the queue is full/);
    assert.deepEqual(
      (await rig.waiting()).map(({ id }) => id),
      [first.id],
    );
    down = false;
    await rig.fire();
    assert.deepEqual(
      rig.published.map(({ data }) => data.alert),
      [second.id, first.id],
    );
  });

  it('fails no other alert where one was cancelled meanwhile', async () => {
    const store = disturbed(async (inner, id) =>
      inner.delete(ALERTS, id, (await inner.get(ALERTS, id))?.version ?? ''),
    );
    const rig = createRig({ rows: () => DUE, store });
    await rig.add(anAlert(), anAlert());
    await rig.fire();
    assert.deepEqual(await rig.waiting(), []);
    assert.equal((await rig.told()).length, 1, 'the one that was cancelled is left to whoever sends it');
  });

  it('keeps an alert that was changed meanwhile, since it is another asking', async () => {
    const store = disturbed(async (inner, id) => {
      const doc = await inner.get<WaitingAlert>(ALERTS, id);
      await inner.replace(ALERTS, id, { ...doc?.value, walk: 1, madeAt: at(1) }, doc?.version ?? '');
    });
    const rig = createRig({ rows: () => DUE, store });
    await rig.add(anAlert());
    await rig.fire();
    assert.deepEqual(
      (await rig.waiting()).map(({ value }) => value.madeAt),
      [at(1)],
    );
  });

  it('does not end an alert that was given more time meanwhile', async () => {
    const store = disturbed(async (inner, id) => {
      const doc = await inner.get<WaitingAlert>(ALERTS, id);
      await inner.replace(ALERTS, id, { ...doc?.value, until: at(MINUTE_MS) }, doc?.version ?? '');
    });
    const rig = createRig({ rows: () => LATER, store });
    await rig.add(anAlert({ until: at(0) }));
    await rig.fire();
    assert.equal((await rig.waiting()).length, 1);
    assert.deepEqual(await rig.told(), []);
  });

  it('leaves what became of an alert as whoever sent it has noted it, and replaces what was told of an earlier asking', async () => {
    for (const [madeAt, state] of [
      [at(0), 'sent'],
      [at(-MINUTE_MS), 'telling'],
    ] as const) {
      const rig = createRig({ rows: () => DUE });
      const { id, value } = anAlert();
      await rig.add({ id, value });
      const before = toldAlert({ ...value, madeAt }, { state: 'sent' }, 0);
      await rig.store.commit([toldWrite(id, before, undefined, 0)]);
      await rig.fire();
      assert.deepEqual(await rig.waiting(), []);
      const told = (await readTold(rig.store, id))?.value;
      assert.deepEqual([told?.state, told?.madeAt], [state, at(0)]);
    }
  });

  it('moves nothing once the lease is lost, and publishes nothing more', async () => {
    const rig: ReturnType<typeof createRig> = createRig({
      rows: () => DUE,
      publish: async () => {
        await rig.leases.break('schedule.bus-alerts', 'a test', 'test');
      },
    });
    await rig.add(...Array.from({ length: 20 }, () => anAlert()));
    await assert.rejects(rig.fire(), { code: 'lease_lost' });
    assert.equal((await rig.waiting()).length, 20);
    assert.ok(rig.published.length < 10, 'those under way alone');
    assert.deepEqual(await rig.told(), []);
  });

  it('begins nothing more once it is told to end', async () => {
    const rig = createRig({ rows: () => DUE });
    await rig.add(anAlert());
    const ended = new AbortController();
    ended.abort(new AppError('unavailable', 'the process is about to end'));
    await assert.rejects(rig.fire(ended.signal), /about to end/, 'the firing is not over');
    assert.deepEqual([rig.reads, rig.published], [[], []]);
  });

  it('has nothing to do where nobody waits, which costs one read', async () => {
    const rig = createRig();
    let reads = 0;
    const list: Store['list'] = (...args) => {
      reads++;
      return rig.store.list(...args);
    };
    const store = { ...rig.store, list };
    const instance = await createBusAlerts({ ...rig, store, config: loadConfig({}) } as unknown as Runtime);
    assert.ok(instance.kind === 'schedule' && instance.idle);
    assert.equal(await instance.idle(), true);
    assert.equal(reads, 1);
    await rig.add(anAlert());
    assert.equal(await instance.idle(), false);
  });

  it('never logs where a browser is reached', async () => {
    const rig = createRig({ rows: () => DUE, publish: () => Promise.reject(new AppError('unavailable', 'down')) });
    const alert = anAlert();
    await rig.add(alert);
    await assert.rejects(rig.fire());
    assert.ok(!JSON.stringify(rig.log.lines).includes(alert.value.target.endpoint));
  });
});
