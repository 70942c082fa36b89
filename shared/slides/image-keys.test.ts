import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { loadConfig } from '../config.ts';
import { AppError } from '../errors.ts';
import { systemIds } from '../ids.ts';
import { withShorthands } from '../store/index.ts';
import { createMemoryDriver } from '../store/memory.ts';
import type { Store } from '../store/store.ts';
import { createFakeClock } from '../testing/fake-clock.ts';
import { createKeptLog } from '../testing/kept-log.ts';
import { createImageKeys, createTokenReader } from './image-keys.ts';
import { makeToken } from './token.ts';

const OLD = 'old-key'.padEnd(32, '.');
const NEW = 'new-key'.padEnd(32, '.');

/** A memory store that counts its reads and may be down. */
function createRig(keys: string[] = []) {
  const driver = createMemoryDriver();
  const state = { reads: 0, down: false };
  const store: Store = withShorthands({
    ...driver,
    getMany: async (...args) => {
      state.reads++;
      if (state.down) throw new AppError('unavailable', 'down');
      return driver.getMany(...args);
    },
  });
  const clock = createFakeClock();
  const log = createKeptLog();
  const parts = { store, clock, log, ids: systemIds, config: loadConfig({ HAWKER_IMAGE_KEYS: keys.join(',') }) };
  return { ...parts, state, keys: () => createImageKeys(parts), reader: () => createTokenReader(parts) };
}

const tokenOf = (key: string, job = 'job') =>
  makeToken(key, { grant: systemIds.secret(16), expiresAt: 0, job, image: '0.0', sha256: 'ab' });

describe('the keys of image addresses', () => {
  it('are those of the setting, the first of which signs, and then the store is not asked', async () => {
    const rig = createRig([NEW, OLD]);
    assert.deepEqual(await rig.keys()(), [NEW, OLD]);
    const read = rig.reader();
    for (const key of [NEW, OLD]) assert.ok(await read(tokenOf(key)));
    assert.equal(await read(tokenOf('x'.repeat(32))), undefined);
    assert.equal(rig.state.reads, 0);
  });

  it('are else one that is made once, the same for all who make it at once, and read once', async () => {
    const rig = createRig();
    const all = Array.from({ length: 20 }, () => rig.keys());
    const made = await Promise.all(all.map((keys) => keys()));
    assert.equal(new Set(made.flat()).size, 1);
    assert.equal(made[0]?.length, 1);
    assert.equal(Buffer.from(made[0]?.[0] ?? '', 'base64url').length, 32);
    const { reads } = rig.state;
    await Promise.all(all.map((keys) => keys()));
    assert.equal(rig.state.reads, reads);
    assert.notDeepEqual(await createRig().keys()(), made[0]);
  });

  it('are asked for again after the store has failed', async () => {
    const rig = createRig();
    const keys = rig.keys();
    rig.state.down = true;
    await assert.rejects(keys(), { code: 'unavailable' });
    rig.state.down = false;
    assert.ok(await keys());
  });
});

describe('who reads tokens', () => {
  it('makes no key', async () => {
    const rig = createRig();
    assert.equal(await rig.reader()(tokenOf(NEW)), undefined);
    assert.deepEqual((await rig.store.list('slides-keys', { limit: 1 })).docs, []);
  });

  it('takes up a key that was made after it had started, within seconds', async () => {
    const rig = createRig();
    const read = rig.reader();
    assert.equal(await read(tokenOf(NEW)), undefined);
    const [key] = await rig.keys()();
    await rig.clock.advance(2_000);
    assert.ok(await read(tokenOf(key)));
  });

  it('looks into the store once in two seconds for any number of forged tokens, and not at all for what is spelt otherwise', async () => {
    const rig = createRig();
    const [key] = await rig.keys()();
    const read = rig.reader();
    assert.ok(await read(tokenOf(key)));
    rig.state.reads = 0;
    await Promise.all(Array.from({ length: 100 }, () => read(tokenOf(NEW))));
    await rig.clock.advance(2_000);
    for (let n = 0; n < 92; n++) assert.equal(await read('A'.repeat(n)), undefined);
    assert.equal(rig.state.reads, 0);
    await Promise.all(Array.from({ length: 100 }, () => read(tokenOf(NEW))));
    await rig.clock.advance(1_999);
    assert.equal(await read(tokenOf(NEW)), undefined);
    assert.equal(rig.state.reads, 1);
    for (let n = 0; n < 100; n++) assert.ok(await read(tokenOf(key, `${n}`)));
    assert.equal(rig.state.reads, 1);
  });

  it('knows what it knows while the store is down, and takes everything else for forged', async () => {
    const rig = createRig();
    const [key] = await rig.keys()();
    const [warm, cold] = [rig.reader(), rig.reader()];
    assert.ok(await warm(tokenOf(key)));
    await rig.clock.advance(2_000);
    rig.state.down = true;
    rig.state.reads = 0;
    assert.equal(await warm(tokenOf(NEW)), undefined);
    assert.ok(await warm(tokenOf(key)));
    for (let n = 0; n < 10; n++) assert.equal(await cold(tokenOf(key)), undefined);
    assert.equal(rig.state.reads, 2, 'one look of each');
    assert.deepEqual(
      rig.log.lines.map(({ severity }) => severity),
      ['WARNING', 'WARNING'],
    );
    rig.state.down = false;
    await rig.clock.advance(2_000);
    assert.ok(await cold(tokenOf(key)));
  });
});
