/** The whole way of a firing: from a DataMall over a socket, through its lease, into what readers see. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { readCurrent } from '#shared/bus/list-records.ts';
import { createLists } from '#shared/bus/lists-reader.ts';
import { publish } from '#shared/bus/publish.ts';
import { systemClock } from '#shared/clock.ts';
import { loadConfig } from '#shared/config.ts';
import { AppError, isAppError } from '#shared/errors.ts';
import { systemIds } from '#shared/ids.ts';
import { createLeases } from '#shared/lease/leases.ts';
import { createStoreRecords } from '#shared/lease/store-records.ts';
import { createLtaClient } from '#shared/lta/client.ts';
import { createFirings } from '#shared/schedule/firings.ts';
import { scheduledRow } from '#shared/schedule/rig.ts';
import { withShorthands } from '#shared/store/index.ts';
import { createMemoryDriver } from '#shared/store/memory.ts';
import { aCity, routeRows, stopCode, stopRow } from '#shared/testing/datamall-rows.ts';
import { startFakeLta } from '#shared/testing/fake-lta.ts';
import { createKeptLog } from '#shared/testing/kept-log.ts';
import { guardAgainstLeaks } from '#shared/testing/leak-guard.ts';
import { createSync } from './handler.ts';

guardAgainstLeaks();

const HOUR = 3_600_000;
const city = aCity({ stops: 620, services: 70 });

async function begin(t: TestContext, env: Record<string, string> = {}) {
  const lta = await startFakeLta();
  lta.setSet('BusStops', city.stops);
  lta.setSet('BusServices', city.services);
  lta.setSet('BusRoutes', city.routes);
  lta.setSet('PlannedBusRoutes', routeRows('1', [stopCode(1)], { EffectiveDate: '2030-01-01' }));
  const driver = createMemoryDriver();
  /** Happens before the first part is written. */
  let beforeParts: (() => Promise<unknown>) | undefined;
  const store = withShorthands({
    ...driver,
    async commit(writes) {
      if (writes[0]?.id.startsWith('part-')) {
        const hook = beforeParts;
        beforeParts = undefined;
        await hook?.();
      }
      return driver.commit(writes);
    },
  });
  const log = createKeptLog();
  let jumped = 0;
  const clock = { ...systemClock, now: () => Date.parse('2026-03-01T00:00:00Z') + jumped };
  const ids = { ...systemIds, random: () => 0 };
  const records = createStoreRecords(store, 'memory');
  const leases = createLeases({ records, store, host: 'test', clock: systemClock, ids, log });
  t.after(async () => {
    await leases.close(100);
    await lta.close();
  });
  const config = loadConfig({ LTA_ACCOUNT_KEY: lta.key, LTA_BASE_URL: lta.url, LTA_CALLS_PER_MINUTE: '6000', ...env });
  const { LTA_ACCOUNT_KEY: key } = config;
  const open = async () => (key ? { client: createLtaClient({ baseUrl: lta.url, key, clock: systemClock }) } : {});
  const sync = createSync({ config, store, clock, ids, log, lta: open });
  const row = scheduledRow({}, 600);
  const firings = createFirings({ row, instance: sync, store, leases: async () => leases, clock: systemClock, log });
  let firing = 0;
  return {
    lta,
    store,
    clock,
    log,
    sync,
    fire: () => firings.handle(`firing ${firing++}`, { signal: new AbortController().signal, waitMs: 0 }),
    pass: (ms: number) => {
      jumped += ms;
    },
    setBeforeParts: (hook: () => Promise<unknown>) => {
      beforeParts = hook;
    },
    current: async () => (await readCurrent(store))?.value,
    network: () => createLists({ store, clock, log: createKeptLog() }).current(),
    said: (part: RegExp) => log.lines.filter(({ message }) => part.test(String(message))),
  };
}

describe('a firing of bus-sync', () => {
  it('publishes all lists as one version, and says so', async (t) => {
    const { fire, network, current, said, lta } = await begin(t);
    assert.equal(await fire(), 'done');
    const { stops, routes, sources } = await network();
    assert.deepEqual([stops.length, routes.length, sources.planned?.rows], [620, 70, 1]);
    assert.equal((await current())?.checkedAt, '2026-03-01T00:00:00.000Z');
    assert.deepEqual(said(/new bus lists/)[0]?.['lists'], [
      'BusStops: 620 rows',
      'BusServices: 70 rows',
      'BusRoutes: 700 rows',
      'PlannedBusRoutes: 1 row',
    ]);
    assert.ok(lta.calls.every(({ headers }) => headers['accountkey'] === lta.key));
  });

  it('has nothing to do for 20 hours, and then finds the same and notes the time', async (t) => {
    const { fire, pass, lta, current, said } = await begin(t);
    await fire();
    const calls = lta.calls.length;
    const before = await current();
    pass(20 * HOUR - 1);
    assert.equal(await fire(), 'idle');
    assert.equal(lta.calls.length, calls);
    pass(1);
    assert.equal(await fire(), 'done');
    const after = await current();
    assert.deepEqual([after?.version, after?.checkedAt], [before?.version, '2026-03-01T20:00:00.000Z']);
    assert.equal(said(/have not changed/).length, 1);
  });

  it('has nothing to do without a key, whatever there is', async (t) => {
    const { fire, sync, lta } = await begin(t, { LTA_ACCOUNT_KEY: '' });
    assert.equal(await fire(), 'idle');
    assert.equal(await sync.dueAtStart(), false);
    assert.equal(lta.calls.length, 0);
  });

  it('is not kept from it by a check that has yet to happen', async (t) => {
    const { fire, pass } = await begin(t);
    await fire();
    pass(-30 * HOUR);
    assert.equal(await fire(), 'done');
  });

  it('is due at a start until LTA’s lists were had once, whatever was loaded from files', async (t) => {
    const { fire, sync, store, clock, network } = await begin(t);
    assert.equal(await sync.dueAtStart(), true);
    await publish({ store, clock, from: 'file', rows: { stops: [stopRow(0)] } });
    assert.equal(await sync.dueAtStart(), true);
    assert.equal(await sync.idle(), false);
    await fire();
    assert.equal(await sync.dueAtStart(), false);
    assert.equal((await network()).sources.stops?.from, 'datamall');
  });
});

describe('a firing of bus-sync that LTA fails', () => {
  it('keeps the lists, says which and why, and is over, so that LTA has an hour', async (t) => {
    const { fire, pass, lta, network, said, current } = await begin(t);
    await fire();
    const { version } = await network();
    const checked = (await current())?.checkedAt;
    pass(24 * HOUR);
    const heal = lta.fail({ kind: 'cut' }, { path: '/BusRoutes', skip: 499 });
    assert.equal(await fire(), 'failed');
    assert.deepEqual([(await network()).version, (await current())?.checkedAt], [version, checked]);
    assert.match(String(said(/stay as they are/)[0]?.['reason']), /^BusRoutes: the page after 499 rows/);
    heal();
    pass(HOUR);
    assert.equal(await fire(), 'done');
  });

  const doubts: [string, (lta: Awaited<ReturnType<typeof begin>>['lta']) => void, RegExp][] = [
    [
      'a list that has shrunk',
      (lta) => lta.setSet('BusStops', city.stops.slice(0, 500)),
      /^BusStops: it has shrunk from 620 rows to 500/,
    ],
    ['a list that is empty', (lta) => lta.setSet('BusServices', []), /^BusServices: it is empty/],
    [
      'pages without end',
      (lta) => void lta.fail({ kind: 'endless pages' }, { path: '/BusStops' }),
      /^BusStops: it has no end/,
    ],
    ['too many calls', (lta) => void lta.fail({ kind: 'answer', status: 429 }), /^BusStops: .*429/],
    ['a key that is refused', (lta) => void lta.fail({ kind: 'answer', status: 401 }), /^BusStops: .*LTA_ACCOUNT_KEY/],
    [
      'routes to nowhere',
      (lta) =>
        lta.setSet(
          'BusRoutes',
          routeRows(
            '5',
            Array.from({ length: 700 }, () => '55555'),
          ),
        ),
      /^BusRoutes: 0 % of its rows/,
    ],
  ];
  for (const [what, spoil, reason] of doubts)
    it(`keeps the lists after ${what}`, async (t) => {
      const { fire, pass, lta, network, said, log } = await begin(t);
      await fire();
      const { version } = await network();
      pass(24 * HOUR);
      spoil(lta);
      assert.equal(await fire(), 'failed');
      assert.equal((await network()).version, version);
      assert.match(String(said(/stay as they are/)[0]?.['reason']), reason);
      assert.ok(!JSON.stringify(log.lines).includes(lta.key), 'the key is in no line');
      // The line of the firing is the one that complains.
      assert.ok(!log.lines.some(({ severity }) => severity === 'ERROR'));
    });

  it('publishes the others where only planned routes cannot be had', async (t) => {
    const { fire, pass, lta, network, said } = await begin(t);
    await fire();
    pass(24 * HOUR);
    lta.setSet('BusStops', [stopRow(0, { Description: 'New' }), ...city.stops.slice(1)]);
    lta.fail({ kind: 'answer', status: 500 }, { path: '/PlannedBusRoutes' });
    assert.equal(await fire(), 'done');
    const { stops, sources } = await network();
    assert.deepEqual([stops[0]?.name, sources.planned?.at], ['New', '2026-03-01T00:00:00.000Z']);
    const [told] = said(/stays as it is/);
    assert.equal(told?.['severity'], 'WARNING');
    assert.match(String(told['reason']), /^PlannedBusRoutes: /);
  });

  it('forgets what was planned where nothing is any more', async (t) => {
    const { fire, pass, lta, network, said } = await begin(t);
    await fire();
    pass(24 * HOUR);
    lta.setSet('PlannedBusRoutes', []);
    assert.equal(await fire(), 'done');
    assert.equal((await network()).sources.planned?.rows, 0);
    assert.equal(said(/stays as it is/).length, 0);
  });
});

describe('a firing of bus-sync that meets trouble with the store', () => {
  it('may come again, and then is done', async (t) => {
    const { fire, setBeforeParts, network } = await begin(t);
    setBeforeParts(() => Promise.reject(new AppError('unavailable', 'The store does not answer')));
    await assert.rejects(fire(), (error) => isAppError(error, 'unavailable') && error.retryable);
    assert.equal((await network()).version, 'sample');
    assert.equal(await fire(), 'done');
  });

  it('switches to nothing where somebody else has published meanwhile, and may come again', async (t) => {
    const { fire, setBeforeParts, store, clock, network } = await begin(t);
    setBeforeParts(() => publish({ store, clock, from: 'file', rows: { stops: [stopRow(3)] } }));
    await assert.rejects(fire(), (error) => isAppError(error, 'conflict') && error.retryable);
    assert.equal((await network()).stops.length, 1);
    assert.equal(await fire(), 'done');
    assert.equal((await network()).stops.length, 620);
  });
});
