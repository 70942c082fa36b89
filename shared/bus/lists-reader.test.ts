import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AppError, isAppError } from '../errors.ts';
import { withShorthands } from '../store/index.ts';
import { createMemoryDriver } from '../store/memory.ts';
import { dependencies } from '../telemetry/dependencies.ts';
import { aCity, routeRows, stopCode, stopRow } from '../testing/datamall-rows.ts';
import { createFakeClock } from '../testing/fake-clock.ts';
import { createKeptLog } from '../testing/kept-log.ts';
import { CURRENT, LISTS, type ListName, type PartRecord, readCurrent } from './list-records.ts';
import { CHECK_MS } from './lists.ts';
import { createLists } from './lists-reader.ts';
import { publish } from './publish.ts';

const city = aCity();
const named = (name: string) => [stopRow(0, { Description: name }), ...city.stops.slice(1)];

function world() {
  const store = withShorthands(createMemoryDriver());
  const clock = createFakeClock();
  const log = createKeptLog();
  const reads: string[] = [];
  let broken: Error | undefined;
  /** Runs before a document is read. */
  let before: ((id: string) => Promise<void>) | undefined;
  const reader: Parameters<typeof createLists>[0]['store'] = {
    ...store,
    async get<T>(collection: string, id: string) {
      reads.push(id);
      await before?.(id);
      if (broken) throw broken;
      return store.get<T>(collection, id);
    },
  };
  const lists = createLists({ store: reader, clock, log });
  return {
    store,
    clock,
    log,
    lists,
    /** Ids that were read since the last look. */
    reads: () => reads.splice(0).map((id) => id.split('-')[0]),
    setBroken: (error: Error | undefined) => {
      broken = error;
    },
    setBefore: (hook: typeof before) => {
      before = hook;
    },
    publish: (rows: Partial<Record<ListName, unknown[]>>) => publish({ store, clock, from: 'datamall', rows }),
    /** A look at an age at which `current` is read again, and at what that has found. */
    async later() {
      await clock.advance(CHECK_MS);
      await lists.current();
      await clock.advance(0);
      return lists.current();
    },
  };
}

const down = new AppError('unavailable', 'The store does not answer');

describe('readers of the lists', () => {
  it('have the sample until something is published, and then that', async () => {
    const { lists, later, publish } = world();
    assert.equal((await lists.current()).version, 'sample');
    const { version } = await publish({ ...city });
    assert.equal((await later()).version, version);
  });

  it('are answered from memory while nothing is published, with one read each half minute at most', async () => {
    const { lists, clock, reads, publish, later } = world();
    await publish({ ...city });
    const [first] = await Promise.all([lists.current(), lists.current(), lists.current()]);
    assert.deepEqual(reads(), ['current', 'part', 'part', 'part']);
    await clock.advance(CHECK_MS - 1);
    assert.equal(await lists.current(), first);
    assert.deepEqual(reads(), []);
    assert.equal(await later(), first);
    assert.deepEqual(reads(), ['current']);
  });

  it('have what was published meanwhile, however long nobody has asked', async () => {
    const { lists, clock, publish } = world();
    await publish({ ...city });
    await lists.current();
    const { version } = await publish({ stops: named('New') });
    await clock.advance(7 * 24 * 3_600_000);
    assert.equal((await lists.current()).version, version);
    assert.equal(clock.sleepers, 0);
  });

  it('are served the version they know where the next takes long to be read', async () => {
    const { lists, clock, publish, setBefore } = world();
    await publish({ ...city });
    const old = await lists.current();
    const { version } = await publish({ stops: named('New') });
    const { promise, resolve } = Promise.withResolvers<void>();
    setBefore(() => promise);
    await clock.advance(CHECK_MS);
    const asked = Promise.all([lists.current(), lists.current()]);
    await clock.advance(500);
    assert.deepEqual(await asked, [old, old]);
    resolve();
    await clock.advance(0);
    assert.equal((await lists.current()).version, version);
  });

  it('read those lists again that have changed, and no others', async () => {
    const { lists, later, publish, reads } = world();
    await publish({ ...city });
    const before = await lists.current();
    await publish({ stops: named('New') });
    reads();
    const after = await later();
    assert.deepEqual(reads(), ['current', 'part']);
    assert.equal(after.stop(stopCode(0))?.name, 'New');
    assert.equal(after.routes[0]?.stops, before.routes[0]?.stops);
  });

  it('see one version as a whole, whatever is published while they read', async () => {
    const { lists, publish, setBefore } = world();
    const one = aCity({ stops: 120, services: 12 });
    const two = aCity({ stops: 130, services: 13 });
    await publish({ ...one });
    let published = 0;
    setBefore(async (id) => {
      if (id !== CURRENT && published++ === 0) await publish({ ...two });
    });
    const network = await lists.current();
    assert.deepEqual([network.stops.length, network.routes.length], [120, 12]);
  });

  it('begin anew where what they were reading is deleted under them', async () => {
    const { lists, publish, setBefore } = world();
    await publish({ ...city });
    let published = 0;
    setBefore(async (id) => {
      if (id === CURRENT || published++ > 0) return;
      await publish({ stops: named('Two') });
      await publish({ stops: named('Three') });
    });
    assert.equal((await lists.current()).stop(stopCode(0))?.name, 'Three');
  });
});

describe('the dependency on the lists', () => {
  const told = () => {
    const { ready, reason } = dependencies().get('bus lists') ?? {};
    return [ready, reason];
  };
  const only = 'only the demo stops are loaded; the lists have not been pulled yet';

  it('is not ready while there is a key and nothing was pulled, and is once lists are there', async () => {
    const { store, clock, log, publish } = world();
    const lists = createLists({ store, clock, log, config: { LTA_ACCOUNT_KEY: 'a-key' } });
    assert.equal((await lists.current()).version, 'sample');
    assert.deepEqual(told(), [false, only]);
    await publish({ ...city });
    await clock.advance(2_000);
    await lists.current();
    await clock.advance(0);
    assert.deepEqual(told(), [true, undefined]);
  });

  it('is ready with the sample where there is no key', async () => {
    const { store, clock, log } = world();
    await createLists({ store, clock, log, config: { LTA_ACCOUNT_KEY: undefined } }).current();
    assert.deepEqual(told(), [true, undefined]);
  });
});

describe('readers of a store in trouble', () => {
  it('are told when to come back where nothing is known, and are served as soon as it is', async () => {
    const { lists, setBroken, log, publish, clock, reads } = world();
    await publish({ ...city });
    setBroken(down);
    const told = () =>
      assert.rejects(
        lists.current(),
        (error) => isAppError(error, 'unavailable') && error.headers['Retry-After'] === '30',
      );
    await Promise.all([told(), told(), told()]);
    await told();
    assert.equal(log.lines.filter(({ severity }) => severity === 'ERROR').length, 1, 'one line for all');
    assert.deepEqual(reads(), ['current']);
    setBroken(undefined);
    await clock.advance(2_000);
    assert.equal((await lists.current()).stops.length, 120);
  });

  it('keep what they know, and the store is asked each half minute', async () => {
    const { lists, later, setBroken, reads, publish, log } = world();
    await publish({ ...city });
    const known = await lists.current();
    reads();
    setBroken(down);
    assert.equal(await later(), known);
    assert.deepEqual(await Promise.all([lists.current(), lists.current()]), [known, known]);
    assert.deepEqual(reads(), ['current']);
    assert.equal(log.lines.filter(({ severity }) => severity === 'WARNING').length, 1);
    assert.match(String(log.lines.at(-1)?.['message']), /the last ones stay/);
    setBroken(undefined);
    const { version } = await publish({ stops: named('New') });
    assert.equal((await later()).version, version);
  });

  const spoils: [string, (part: PartRecord) => PartRecord | undefined][] = [
    ['is gone', () => undefined],
    ['is of another list', (part) => ({ ...part, list: 'planned' })],
    ['has rows of another kind', (part) => ({ ...part, rows: [['10001']] })],
    ['has no rows', (part) => ({ ...part, rows: 'x' as unknown as unknown[] })],
  ];
  for (const [what, spoil] of spoils)
    it(`keep what they know while a part ${what}, and have nothing where they know nothing`, async () => {
      const { lists, later, store, clock, log, publish } = world();
      await publish({ ...city });
      const known = await lists.current();
      await publish({ stops: named('New') });
      const id = (await readCurrent(store))?.value.parts.stops?.[0] ?? '';
      const part = await store.get<PartRecord>(LISTS, id);
      assert.ok(part);
      const spoilt = spoil(part.value);
      if (spoilt) await store.replace(LISTS, id, spoilt, part.version);
      else await store.delete(LISTS, id, part.version);
      assert.equal(await later(), known);
      await assert.rejects(createLists({ store, clock, log }).current(), (error) => isAppError(error, 'unavailable'));
    });
});

describe('planned routes in what readers have', () => {
  it('come into force at midnight in Singapore, with nothing published and nothing read', async () => {
    const { lists, publish, clock, reads } = world();
    const planned = routeRows('1', [stopCode(50), stopCode(51)], { EffectiveDate: '2026-01-02' });
    await publish({ ...city, planned });
    const codes = async () => (await lists.current()).routesOf('1')[0]?.stops.map(({ code }) => code);
    assert.equal((await codes())?.length, 10);
    await clock.advance(16 * 3_600_000 - 1);
    assert.equal((await codes())?.length, 10);
    await clock.advance(0);
    reads();
    await clock.advance(1);
    assert.deepEqual(await codes(), [stopCode(50), stopCode(51)]);
    assert.deepEqual(reads(), []);
  });
});
