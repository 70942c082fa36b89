/** Leases from outside: the command line and the HTTP interface beside each other, on one data folder. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, it } from 'node:test';
import { lease, startLease, temporaryFolder } from '../../scripts/lease/testing.ts';
import { startHawker } from '../support/hawker.ts';

const STAYS = ['--', process.execPath, '-e', 'console.log("runs"); setInterval(() => {}, 1000)'];

const emulator = process.env['FIRESTORE_EMULATOR_HOST'] ?? '';
if (!emulator && process.env['CI'] === 'true') throw new Error('FIRESTORE_EMULATOR_HOST is not set');
const skip =
  !emulator && 'needs the Firestore emulator at FIRESTORE_EMULATOR_HOST; npm test starts it from the Google Cloud SDK';

describe('leases under npm start', () => {
  it('are the same to the command line and over HTTP, and either takes them away from the other', async () => {
    await using hawker = await startHawker();
    await using holder = startLease(hawker.data, [
      'run',
      'nightly',
      '--duration',
      '3',
      '--note',
      'the report',
      ...STAYS,
    ]);
    await holder.shows(/runs/);

    const { items } = (await hawker.ask('/leases/v1')).json<{ items: { name: string; note?: string }[] }>();
    assert.deepEqual(items.find(({ name }) => name === 'nightly')?.note, 'the report');
    const told = (await hawker.ask('/leases/v1/nightly')).json<{ holder: string; token: number; here: [] }>();
    assert.deepEqual(told.here, [], 'the server does not contend for it');
    const { stdout } = await lease(hawker.data, ['get', 'nightly', '--json']);
    const same = JSON.parse(stdout) as typeof told;
    assert.deepEqual([same.holder, same.token], [told.holder, told.token]);

    const broken = await hawker.ask('/leases/v1/nightly/break', { method: 'POST', body: { reason: 'it hangs' } });
    assert.equal(broken.status, 200, broken.text);
    assert.equal((await holder.ended).code, 1);
    const history = await lease(hawker.data, ['history', 'nightly', '--json']);
    const [last] = (JSON.parse(history.stdout) as { items: { token: number; end?: string }[] }).items;
    assert.equal(last?.token, told.token);
    assert.equal(await hawker.stop('SIGTERM'), 0, hawker.output());
  });

  it('have a page that anyone may see, to which the index leads', async () => {
    await using hawker = await startHawker();
    assert.match((await hawker.ask('/', { anonymous: true })).text, /href="\/leases\/"/);
    const { status, text } = await hawker.ask('/leases/', { anonymous: true });
    assert.equal(status, 200);
    assert.match(text, /href="\/leases\/openapi\.json"/);
    assert.equal((await hawker.ask('/leases/openapi.json', { anonymous: true })).status, 200);
    assert.equal((await hawker.ask('/leases/v1', { anonymous: true })).status, 401);
  });
});

it('leases on Firestore are held, told and taken away from the command line alike', { skip }, async () => {
  using data = temporaryFolder();
  const settings = {
    HAWKER_STORE: 'firestore',
    GOOGLE_CLOUD_PROJECT: `hawker-e2e-${randomUUID().slice(0, 8)}`,
    FIRESTORE_EMULATOR_HOST: emulator,
  };
  await using holder = startLease(data.path, ['run', 'nightly', '--duration', '10', ...STAYS], settings);
  await holder.shows(/runs/);
  const other = await lease(data.path, ['run', 'nightly', ...STAYS], settings);
  assert.equal(other.code, 75, other.stderr);
  const broken = await lease(data.path, ['break', 'nightly', '--reason', 'it hangs', '--json'], settings);
  assert.equal(broken.code, 0, broken.stderr);
  const { code, stderr } = await holder.ended;
  assert.equal(code, 1);
  assert.match(stderr, /^lease: [^\n]+ending the command\n$/);
  const { stdout } = await lease(data.path, ['get', 'nightly', '--json'], settings);
  assert.equal((JSON.parse(stdout) as { broken: { reason: string } }).broken.reason, 'it hangs');
});
