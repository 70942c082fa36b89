/** The command as a process of its own, on data of its own. */
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createLists } from '#shared/bus/lists-reader.ts';
import { systemClock } from '#shared/clock.ts';
import { openDatabase } from '#shared/sqlite/database.ts';
import { withShorthands } from '#shared/store/index.ts';
import { createSqliteDriver } from '#shared/store/sqlite.ts';
import { aCity, routeRows, stopRow } from '#shared/testing/datamall-rows.ts';
import { startFakeLta } from '#shared/testing/fake-lta.ts';
import { createKeptLog } from '#shared/testing/kept-log.ts';
import { guardAgainstLeaks } from '#shared/testing/leak-guard.ts';

guardAgainstLeaks();

const COMMAND = fileURLToPath(new URL('../bus.ts', import.meta.url));
/** A folder with a saved list of all of Singapore's stops. */
const REAL = process.env['BUS_DATA_PATH'];
const city = aCity();

function begin(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'hawker-bus-'));
  const data = join(folder, 'data');
  t.after(() => rmSync(folder, { recursive: true }));
  return {
    data,
    /** A file with this in it, as text or as JSON. */
    file(name: string, content: unknown): string {
      const path = join(folder, name);
      writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
      return path;
    },
    run: (args: string[], env: Record<string, string> = {}) =>
      new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
        const options = { env: { PATH: process.env['PATH'] ?? '', HAWKER_DATA: data, ...env }, timeout: 30_000 };
        execFile(process.execPath, [COMMAND, ...args], options, (error, stdout, stderr) =>
          resolve({ code: error ? Number(error.code) : 0, stdout, stderr }),
        );
      }),
    async network() {
      const database = openDatabase(join(data, 'hawker.db'));
      const store = withShorthands(createSqliteDriver(database, systemClock));
      const network = await createLists({ store, clock: systemClock, log: createKeptLog() }).current();
      database.close();
      return network;
    },
  };
}

describe('npm run bus -- sync --file', () => {
  it('loads lists by their fields, as arrays and as the API answers them, in pages too, where there was no data', async (t) => {
    const { run, file, network } = begin(t);
    const files = [
      file('one.json', { 'odata.metadata': 'x', value: city.stops.slice(0, 70) }),
      file('two.json', { value: city.stops.slice(70) }),
      file('routes.json', `\uFEFF${JSON.stringify(city.routes)}`),
      file('services.json', city.services),
      file('planned.json', routeRows('1', ['10001'], { EffectiveDate: '20300101T00:00:00+0800' })),
    ].flatMap((path) => ['--file', path]);
    const { code, stdout, stderr } = await run(['sync', ...files]);
    assert.deepEqual([code, stderr], [0, '']);
    const lines = ['BusStops: 120 rows', 'BusServices: 12 rows', 'BusRoutes: 120 rows', 'PlannedBusRoutes: 1 row'];
    assert.deepEqual(stdout.trim().split('\n').slice(0, -1), lines);
    const { version, stops, routes, sources } = await network();
    assert.ok(stdout.endsWith(`published as version ${version}\n`));
    assert.deepEqual([stops.length, routes.length, sources.stops?.from], [120, 12, 'file']);
  });

  it('tells what it left out and that nothing has changed, and tells programs in one line', async (t) => {
    const { run, file } = begin(t);
    const path = file('stops.json', [...city.stops, { BusStopCode: '1', Description: 'x\u001b[31m' }]);
    const first = await run(['sync', '--file', path]);
    assert.match(first.stdout, /^BusStops: 120 rows, 1 left out \(row 121: BusStopCode must be five digits\)\n/);
    assert.match((await run(['sync', '--file', path])).stdout, /\nunchanged: version \w+\n$/);
    const told = JSON.parse((await run(['sync', '--file', path, '--json'])).stdout) as Record<string, unknown>;
    assert.deepEqual([told['changed'], told['kept'], (told['loaded'] as unknown[]).length], [false, [], 1]);
  });

  it('takes a much shorter list only where it is told to', async (t) => {
    const { run, file, network } = begin(t);
    await run(['sync', '--file', file('all.json', city.stops)]);
    const one = file('one.json', [stopRow(0)]);
    const { code, stderr } = await run(['sync', '--file', one]);
    assert.equal(code, 1);
    assert.match(stderr, /^bus: BusStops: it has shrunk from 120 rows to 1, .*--allow-shrink[^\n]*\n$/);
    assert.equal((await network()).stops.length, 120);
    assert.equal((await run(['sync', '--file', one, '--allow-shrink'])).code, 0);
    assert.equal((await network()).stops.length, 1);
  });

  it('reads what Windows writes: UTF-16, byte order marks and its ends of lines', async (t) => {
    const { run, file, network } = begin(t);
    const text = `\uFEFF${JSON.stringify(city.stops, undefined, 1).replaceAll('\n', '\r\n')}`;
    for (const encoding of ['utf8', 'utf16le'] as const) {
      const path = file(`${encoding}.json`, '');
      writeFileSync(path, text, encoding);
      assert.deepEqual((await run(['sync', '--file', path])).code, 0);
    }
    assert.equal((await network()).stops.length, 120);
  });

  const wrong: [string, unknown, RegExp][] = [
    ['a file that is not there', undefined, /there is no file/],
    ['no JSON', '{"value": [', /is not JSON/],
    ['an empty file', '', /is not JSON/],
    ['an empty array', [], /holds an empty list/],
    ['no list', { stops: [] }, /holds no list/],
    ['text as JSON', '"x"', /holds no list/],
    ['rows of another kind', [{ TrainLine: 'NSL' }], /holds none of BusStops, BusServices/],
    ['rows that are no objects', [1, null, ['10001']], /holds none of/],
  ];
  for (const [what, content, reason] of wrong)
    it(`refuses ${what} in one line, and makes no data`, async (t) => {
      const { run, file, data } = begin(t);
      const good = file('good.json', city.stops);
      const path = content === undefined ? '/nowhere/to/be found.json' : file('wrong.json', content);
      const { code, stdout, stderr } = await run(['sync', '--file', good, '--file', path]);
      assert.deepEqual([code, stdout], [1, '']);
      assert.match(stderr, reason);
      assert.ok(stderr.startsWith(`bus: ${path}`) || content === undefined);
      assert.equal(stderr.trim().split('\n').length, 1);
      assert.ok(!existsSync(data));
    });

  it('refuses a file that is too large without reading it, a folder, and a pipe that nobody writes to', async (t) => {
    const { run, file } = begin(t);
    const path = file('large.json', '[');
    truncateSync(path, 600 * 1_048_576);
    assert.match((await run(['sync', '--file', path])).stderr, /large\.json is larger than 64 MiB\n$/);
    assert.match((await run(['sync', '--file', tmpdir()])).stderr, /is no file\n$/);
    const pipe = `${path}.pipe`;
    execFileSync('mkfifo', [pipe]);
    assert.match((await run(['sync', '--file', pipe])).stderr, /is no file\n$/);
  });

  it('loads all of Singapore', {
    skip: REAL ? false : 'needs saved lists of DataMall in the folder BUS_DATA_PATH',
  }, async (t) => {
    const { run, network } = begin(t);
    const { stdout } = await run(['sync', '--file', join(REAL ?? '', 'bus-stops.datamall.json')]);
    assert.match(stdout, /^BusStops: 5,200 rows\n/);
    assert.equal((await network()).stop('01012')?.name, 'Hotel Grand Pacific');
  });
});

describe('npm run bus -- sync', () => {
  it('says where a key is had for free, and makes no data without', async (t) => {
    const { run, data } = begin(t);
    const { code, stderr } = await run(['sync']);
    assert.deepEqual([code, stderr.split('\n').length], [1, 2]);
    assert.match(stderr, /LTA_ACCOUNT_KEY is not set; it is free at https:\/\/datamall/);
    assert.ok(!existsSync(data));
  });

  it('fetches all lists from LTA, also where no routes are planned', async (t) => {
    const { run, network } = begin(t);
    await using lta = await startFakeLta();
    lta.setSet('BusStops', city.stops);
    lta.setSet('BusServices', city.services);
    lta.setSet('BusRoutes', city.routes);
    const env = { LTA_ACCOUNT_KEY: lta.key, LTA_BASE_URL: lta.url };
    const { code, stdout, stderr } = await run(['sync'], env);
    assert.deepEqual([code, stderr], [0, '']);
    assert.match(stdout, /\nPlannedBusRoutes: 0 rows\npublished as version/);
    assert.equal((await network()).sources.routes?.from, 'datamall');
    lta.setSet('BusStops', city.stops.slice(0, 60));
    const shrunk = await run(['sync'], env);
    assert.equal(shrunk.code, 1);
    assert.match(shrunk.stderr, /^bus: BusStops: it has 60 stops, and Singapore has more than 100\n$/);
    const refused = await run(['sync'], { ...env, LTA_ACCOUNT_KEY: 'another-key' });
    assert.match(refused.stderr, /^bus: BusStops: LTA refused the key \(401\); is LTA_ACCOUNT_KEY right\?\n$/);
  });

  it('answers --help with 0 and a wrong call with 2', async (t) => {
    const { run } = begin(t);
    const help = await run(['sync', '--help']);
    assert.deepEqual([help.code, help.stderr], [0, '']);
    assert.match(help.stdout, /^usage: npm run bus -- sync/);
    assert.equal((await run(['sink'])).code, 2);
  });
});
