/** Lists as large as Singapore's in Firestore, whose documents, commits and answers have limits. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { systemClock } from '../clock.ts';
import { isAppError } from '../errors.ts';
import { systemIds } from '../ids.ts';
import { createFirestoreDriver } from '../store/firestore.ts';
import { withShorthands } from '../store/index.ts';
import { routeRows, stopCode, stopRow } from '../testing/datamall-rows.ts';
import { createKeptLog } from '../testing/kept-log.ts';
import { LISTS } from './list-records.ts';
import { createLists } from './lists-reader.ts';
import { type PublishOptions, preparePublication, publish } from './publish.ts';

const emulator = process.env['FIRESTORE_EMULATOR_HOST'] ?? '';
const skip = emulator ? false : 'needs the Firestore emulator at FIRESTORE_EMULATOR_HOST';

const STOPS = 5_200;
const stops = Array.from({ length: STOPS }, (_, index) => stopRow(index, { Longitude: 103.8 }));
/** 26,600 rows, each with times of its own. */
const routes = Array.from({ length: 700 }, (_, service) =>
  routeRows(
    String(service + 1),
    Array.from({ length: 38 }, (_, place) => stopCode((service * 7 + place) % STOPS)),
  ).map((row, place) => ({
    ...row,
    SAT_LastBus: `${String(service % 24).padStart(2, '0')}${String(place).padStart(2, '0')}`,
  })),
).flat();

it('lists are published, switched and cleared away in Firestore', { skip, timeout: 120_000 }, async (t) => {
  const project = `hawker-bus-${Date.now().toString(36)}`;
  const store = withShorthands(createFirestoreDriver({ project, emulator, clock: systemClock, ids: systemIds }));
  t.after(() => store.close());
  const options = (rows: PublishOptions['rows']): PublishOptions => ({
    store,
    clock: systemClock,
    from: 'datamall',
    rows,
  });
  const network = () => createLists({ store, clock: systemClock, log: createKeptLog() }).current();
  const parts = async () => (await store.list(LISTS, { prefix: 'part-', limit: 50 })).docs.length;
  const renamed = (name: string) => options({ stops: [stopRow(0, { Description: name }), ...stops.slice(1)] });

  await publish(options({ stops, routes }));
  const read = await network();
  assert.deepEqual([read.stops.length, read.routes.length, read.sources.routes?.rows], [STOPS, 700, 26_600]);
  const all = await parts();
  assert.ok(all >= 3, String(all));

  assert.equal((await publish(options({ stops, routes }))).changed, false);
  const slow = await preparePublication(renamed('Slow'));
  await publish(renamed('Two'));
  await assert.rejects(store.commit(slow.writes), (error) => isAppError(error, 'conflict'));
  await publish(renamed('Three'));
  assert.equal((await network()).stop(stopCode(0))?.name, 'Three');
  // The three of now and before, and what the slow one left behind.
  assert.equal(await parts(), all + 2);
});
