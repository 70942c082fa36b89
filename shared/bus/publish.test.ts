import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isAppError } from '../errors.ts';
import { withShorthands } from '../store/index.ts';
import { createMemoryDriver } from '../store/memory.ts';
import type { Store } from '../store/store.ts';
import { aCity, routeRows, stopRow } from '../testing/datamall-rows.ts';
import { createFakeClock } from '../testing/fake-clock.ts';
import { createKeptLog } from '../testing/kept-log.ts';
import { LISTS, type PartRecord, readCurrent } from './list-records.ts';
import { createLists } from './lists-reader.ts';
import { describeLoaded, type PublishOptions, preparePublication, publish } from './publish.ts';

const city = aCity();

/** A store that counts what is written. */
function world() {
  const driver = createMemoryDriver();
  const written: string[] = [];
  const store: Store = withShorthands({
    ...driver,
    commit: async (writes) => {
      const versions = await driver.commit(writes);
      written.push(...writes.map(({ op, id }) => `${op} ${id.split('-')[0]}`));
      return versions;
    },
  });
  const clock = createFakeClock();
  const options = (rows: PublishOptions['rows'], more: Partial<PublishOptions> = {}): PublishOptions => ({
    store,
    clock,
    from: 'datamall',
    rows,
    ...more,
  });
  return {
    store,
    clock,
    options,
    publish: (rows: PublishOptions['rows'], more?: Partial<PublishOptions>) => publish(options(rows, more)),
    /** What was written since the last look. */
    written: () => written.splice(0),
    parts: async () => (await store.list(LISTS, { prefix: 'part-', limit: 100 })).docs.map(({ id }) => id),
    network: () => createLists({ store, clock, log: createKeptLog() }).current(),
  };
}

const renamed = (name: string) => [stopRow(0, { Description: name }), ...city.stops.slice(1)];

describe('lists that are published', () => {
  it('are read as one network with where each came from', async () => {
    const { publish, network, clock, store } = world();
    await clock.advance(5_000);
    const publication = await publish({ ...city });
    assert.equal(publication.changed, true);
    assert.deepEqual(publication.loaded.map(describeLoaded), [
      'BusStops: 120 rows',
      'BusServices: 12 rows',
      'BusRoutes: 120 rows',
    ]);
    const { version, sources, stops, routes } = await network();
    assert.deepEqual([version, stops.length, routes.length], [publication.version, 120, 12]);
    const at = '2026-01-01T00:00:05.000Z';
    assert.deepEqual(sources, {
      stops: { from: 'datamall', at, rows: 120 },
      services: { from: 'datamall', at, rows: 12 },
      routes: { from: 'datamall', at, rows: 120 },
    });
    assert.equal((await readCurrent(store))?.value.checkedAt, at);
  });

  it('write nothing but the time of the check where nothing has changed', async () => {
    const { publish, written, clock, network } = world();
    const first = await publish({ ...city });
    written();
    await clock.advance(86_400_000);
    const again = await publish({ ...city });
    assert.deepEqual([again.changed, again.version, written()], [false, first.version, ['replace current']]);
    assert.equal((await network()).sources.stops?.at, '2026-01-02T00:00:00.000Z');
  });

  it('replace those that are given, and leave the others and the time of the check alone', async () => {
    const { publish, network, store, written } = world();
    await publish({ ...city });
    written();
    await publish({ stops: renamed('New') }, { from: 'file' });
    const { stops, routes, sources } = await network();
    assert.deepEqual(
      [stops[0]?.name, routes.length, sources.stops?.from, sources.routes?.from],
      ['New', 12, 'file', 'datamall'],
    );
    assert.equal((await readCurrent(store))?.value.checkedAt, '2026-01-01T00:00:00.000Z');
    assert.deepEqual(written(), ['create part', 'replace current']);
  });

  it('from files alone were never checked with LTA', async () => {
    const { publish, store } = world();
    await publish({ stops: [stopRow(0)] }, { from: 'file' });
    assert.equal((await readCurrent(store))?.value.checkedAt, undefined);
  });

  it('may be routes whose stops were published before, and must fit them', async () => {
    const { publish, network } = world();
    await publish({ stops: city.stops }, { from: 'file' });
    await assert.rejects(
      publish({ routes: routeRows('5', ['55555']) }, { from: 'file' }),
      /BusRoutes: 0 % of its rows name a stop/,
    );
    await publish({ routes: city.routes }, { from: 'file' });
    assert.equal((await network()).routes.length, 12);
  });
});

describe('a list in doubt', () => {
  it('keeps all of them, and nothing is written', async () => {
    const { publish, written, network } = world();
    const { version } = await publish({ ...city });
    written();
    await assert.rejects(publish({ ...city, stops: renamed('New'), routes: city.routes.slice(0, 90) }), (error) =>
      isAppError(error, 'invalid'),
    );
    assert.deepEqual(written(), []);
    assert.equal((await network()).version, version);
  });

  it('stands in nobody’s way where it is good to have, and keeps what was there', async () => {
    const { publish, store } = world();
    const planned = routeRows('5', ['10001'], { EffectiveDate: '2026-05-01' });
    await publish({ ...city, planned }, { optional: ['planned'] });
    const before = (await readCurrent(store))?.value;
    const { kept, changed, loaded } = await publish(
      { ...city, stops: renamed('New'), planned: [{ ...planned[0], EffectiveDate: 'soon' }] },
      { optional: ['planned'] },
    );
    assert.deepEqual([kept.map(({ list }) => list), changed, loaded.length], [['planned'], true, 3]);
    assert.match(kept[0]?.reason ?? '', /^PlannedBusRoutes: 1 of 1 rows make no sense/);
    const after = (await readCurrent(store))?.value;
    assert.deepEqual([after?.parts.planned, after?.sources.planned], [before?.parts.planned, before?.sources.planned]);
  });
});

describe('parts', () => {
  it('stay as long as the version before is being read, and are deleted with the switch after that', async () => {
    const { publish, parts, written } = world();
    await publish({ ...city });
    const first = await parts();
    await publish({ stops: renamed('Two') });
    assert.deepEqual(
      (await parts()).filter((id) => first.includes(id)),
      first,
    );
    written();
    await publish({ stops: renamed('Three') });
    const left = await parts();
    assert.equal(first.filter((id) => !left.includes(id)).length, 1);
    assert.equal(left.length, 4);
    assert.deepEqual(written(), ['create part', 'replace current', 'delete part']);
  });

  it('of the version before stay however old they are', async () => {
    const { publish, parts, clock } = world();
    await publish({ ...city });
    await clock.advance(48 * 3_600_000);
    await publish({ stops: renamed('Two') });
    assert.equal((await parts()).length, 4);
  });

  it('are not forgotten when nothing was found changed in between', async () => {
    const { publish, parts } = world();
    await publish({ ...city });
    for (const name of ['Two', 'Two', 'Three']) await publish({ stops: renamed(name) });
    assert.equal((await parts()).length, 4);
  });

  it('are not written any more once nobody waits for it', async () => {
    const { publish, written } = world();
    const reason = new Error('the lease is lost');
    await assert.rejects(publish({ ...city }, { signal: AbortSignal.abort(reason) }), reason);
    assert.deepEqual(written(), []);
  });

  it('that a crash left behind are used by who repeats it', async () => {
    const { options, publish, written, network } = world();
    await preparePublication(options({ ...city }));
    assert.equal((await network()).version, 'sample');
    written();
    await publish({ ...city });
    assert.deepEqual(written(), ['create current']);
    assert.equal((await network()).stops.length, 120);
  });

  it('that a crash left behind and nobody uses are deleted by a switch a day later', async () => {
    const { options, publish, parts, clock } = world();
    await publish({ ...city });
    await preparePublication(options({ stops: renamed('Lost') }));
    await clock.advance(23 * 3_600_000);
    await publish({ stops: renamed('Two') });
    assert.equal((await parts()).length, 5);
    await clock.advance(3_600_001);
    await publish({ stops: renamed('Three') });
    assert.equal((await parts()).length, 4);
  });

  it('that are missing or not what they should be are mended, though nothing has changed', async () => {
    const { publish, store, network, parts } = world();
    await publish({ ...city });
    const [first = '', second = ''] = await parts();
    const [one, two] = await store.getMany<PartRecord>(LISTS, [first, second]);
    assert.ok(one && two);
    await store.delete(LISTS, first, one.version);
    await store.replace(LISTS, second, { ...two.value, rows: [['?']] }, two.version);
    await assert.rejects(network(), /cannot be read/);
    const { changed } = await publish({ ...city });
    assert.equal(changed, false);
    assert.equal((await network()).stops.length, 120);
  });
});

describe('two who publish at once', () => {
  it('come one after the other, and the later one stands', async () => {
    const { publish, network, options, store } = world();
    await publish({ ...city });
    const slow = await preparePublication(options({ stops: renamed('Slow') }));
    await publish({ stops: renamed('Quick') });
    await assert.rejects(store.commit(slow.writes), (error) => isAppError(error, 'conflict'));
    assert.equal((await network()).stops[0]?.name, 'Quick');
    await Promise.all(['A', 'B', 'C'].map((name) => publish({ stops: renamed(name) })));
    assert.match((await network()).stops[0]?.name ?? '', /^[ABC]$/);
  });

  it('never lose a part to each other, also where both begin with nothing', async () => {
    const { publish, network, parts } = world();
    await Promise.all([publish({ ...city }), publish({ ...city }), publish({ ...city, stops: renamed('New') })]);
    const { stops, routes } = await network();
    assert.deepEqual([stops.length, routes.length, (await parts()).length], [120, 12, 4]);
  });

  it('do not switch to parts that the other has deleted meanwhile', async () => {
    const { publish, options, store, clock, network } = world();
    await publish({ ...city });
    const slow = await preparePublication(options({ stops: renamed('Slow') }));
    await clock.advance(25 * 3_600_000);
    await publish({ stops: renamed('Quick') });
    await assert.rejects(store.commit(slow.writes), (error) => isAppError(error, 'conflict'));
    await publish({ stops: renamed('Slow') });
    assert.equal((await network()).stops[0]?.name, 'Slow');
  });
});
