import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AppError } from '../errors.ts';
import { withShorthands } from '../store/index.ts';
import { createMemoryDriver } from '../store/memory.ts';
import type { Store } from '../store/store.ts';
import { GRANTS, type GrantRecord } from './grant-record.ts';
import { GRANT_MS, MOST_GETS } from './grants.ts';
import { createGrantsRig, IMAGE, KEY, tokenOf, VISIT } from './grants-rig.ts';
import { makeToken } from './token.ts';

const { sha256, blob, job, image, type, size } = IMAGE;
const GRANTED = { sha256, blob, job, image, type, size };

describe('an open grant', () => {
  it('has an address below HAWKER_PUBLIC_URL that names nothing of the image', async () => {
    for (const [base, start] of [
      ['https://images.example', 'https://images.example/slides-images/'],
      ['https://images.example/slides-images/', 'https://images.example/slides-images/'],
      ['http://127.0.0.1:8080/hawker', 'http://127.0.0.1:8080/hawker/slides-images/'],
    ] as const) {
      const { address } = await createGrantsRig(undefined, { HAWKER_PUBLIC_URL: base }).open();
      assert.equal(address.replace(/[\w-]{92}$/, ''), start);
    }
  });

  it('needs HAWKER_PUBLIC_URL, short enough for Slides', async () => {
    for (const base of ['', `https://images.example/${'a'.repeat(2_000)}`]) {
      const rig = createGrantsRig(undefined, { HAWKER_PUBLIC_URL: base });
      const refused = { code: 'not_configured', message: /HAWKER_PUBLIC_URL/ };
      await assert.rejects(rig.grants.open(IMAGE), refused);
      await assert.rejects(rig.grants.pretend(IMAGE), refused);
      assert.deepEqual((await rig.store.list(GRANTS, { limit: 1 })).docs, []);
    }
  });

  it('lets in as many GETs as it may, however often it is looked at, and then nobody', async () => {
    const { open } = createGrantsRig();
    const { take, look } = await open();
    for (let get = 1; get <= MOST_GETS; get++) {
      for (let n = 0; n < 5; n++) assert.deepEqual(await look(), GRANTED);
      assert.deepEqual(await take(), GRANTED);
    }
    assert.equal(await look(), undefined);
    assert.equal(await take(), undefined);
  });

  it('is over when its time has passed, to the second, and never later than GRANT_MS after it was opened', async () => {
    const rig = createGrantsRig();
    await rig.advance(900);
    const { take, look } = await rig.open();
    await rig.advance(GRANT_MS - 901);
    assert.ok(await look());
    assert.ok(await take());
    await rig.advance(1);
    assert.deepEqual([await look(), await take()], [undefined, undefined]);
  });

  it('is over also when its time passes while the store is asked', async () => {
    const driver = createMemoryDriver();
    let late = async () => {};
    const getMany: typeof driver.getMany = async (...args) => {
      await late();
      return driver.getMany(...args);
    };
    const rig = createGrantsRig(withShorthands({ ...driver, getMany }));
    const { take } = await rig.open();
    late = () => rig.advance(GRANT_MS);
    assert.equal(await take(), undefined);
  });

  it('is closed once and for all, and tells how often it was used', async () => {
    const { open, grants } = createGrantsRig();
    for (const gets of [0, 1, MOST_GETS]) {
      const { id, take, look } = await open();
      for (let get = 0; get < gets; get++) await take();
      assert.equal(await grants.close(id), gets);
      assert.deepEqual([await look(), await take()], [undefined, undefined]);
      assert.equal(await grants.close(id), 0);
    }
  });

  it('is of these bytes alone: a document that says otherwise lets nobody in', async () => {
    const rig = createGrantsRig();
    for (const change of [{ sha256: 'cd'.repeat(32) }, { job: 'another' }, { image: '3.1' }]) {
      const { id, look, take } = await rig.open();
      const found = await rig.store.get<GrantRecord>(GRANTS, id);
      await rig.store.replace(GRANTS, id, { ...found?.value, ...change }, found?.version ?? '');
      assert.deepEqual([await look(), await take()], [undefined, undefined], JSON.stringify(change));
    }
  });
});

describe('an address', () => {
  it('that was only pretended is like a real one, and dead', async () => {
    const rig = createGrantsRig();
    const address = await rig.grants.pretend(IMAGE);
    assert.equal(address.length, (await rig.open()).address.length);
    assert.equal(await rig.reader.look(tokenOf(address)), undefined);
    assert.equal(await rig.reader.take(tokenOf(address), VISIT), undefined);
  });

  it('is known as that of its image whenever, with whatever bytes, and no other is', async () => {
    const rig = createGrantsRig();
    const { address, id } = await rig.open();
    const other = await rig.open({ sha256: 'cd'.repeat(32) });
    await rig.grants.close(id);
    await rig.advance(10 * GRANT_MS);
    for (const known of [address, other.address, await rig.grants.pretend(IMAGE)]) {
      assert.equal(await rig.grants.isFor(known, job, image), true);
      assert.equal(await rig.grants.isFor(known, job, '3.1'), false);
      assert.equal(await rig.grants.isFor(known, `${job}3`, '.0'), false);
    }
    for (const foreign of [
      '',
      'https://images.example/slides-images/',
      `${address}?a=1`,
      `${address}x`,
      'https://x/y.png',
    ])
      assert.equal(await rig.grants.isFor(foreign, job, image), false, foreign);
  });

  it('outlives a change of keys while the old one still stands in the setting', async () => {
    const before = createGrantsRig();
    const { token, address } = await before.open();
    const fresh = 'n'.repeat(32);
    const during = createGrantsRig(before.store, { HAWKER_IMAGE_KEYS: `${fresh},${KEY}` });
    assert.ok(await during.reader.take(token, VISIT));
    assert.ok(await during.grants.isFor(address, job, image));
    const next = await during.open();
    const after = createGrantsRig(before.store, { HAWKER_IMAGE_KEYS: fresh });
    assert.equal(await after.reader.take(token, VISIT), undefined);
    assert.ok(await after.reader.take(next.token, VISIT));
  });

  it('that is forged or over is told without the store, and a good one says when the store is down', async () => {
    const driver = createMemoryDriver();
    let down = false;
    const getMany: typeof driver.getMany = (...args) =>
      down ? Promise.reject(new AppError('unavailable', 'down')) : driver.getMany(...args);
    const rig = createGrantsRig(withShorthands({ ...driver, getMany }));
    const { token, take, look } = await rig.open();
    const parts = { ...IMAGE, grant: 'A'.repeat(22), expiresAt: rig.clock.now() + GRANT_MS };
    down = true;
    for (const bad of [
      '',
      'x',
      `${token}x`,
      makeToken('f'.repeat(32), parts),
      tokenOf(await rig.grants.pretend(IMAGE)),
    ]) {
      assert.equal(await rig.reader.take(bad, VISIT), undefined);
      assert.equal(await rig.reader.look(bad), undefined);
    }
    await assert.rejects(take(), { code: 'unavailable' });
    await assert.rejects(look(), { code: 'unavailable' });
  });
});

describe('each GET', () => {
  it('leaves a record and a line, without the address and without what a terminal would obey', async () => {
    const rig = createGrantsRig();
    const { token, id } = await rig.open();
    const strange = { userAgent: `\u001b[2J\u0085Bot\r\n${'x'.repeat(293)}\u{1F600}`, address: '2001:db8::1' };
    await rig.reader.take(token, strange);
    await rig.advance(1_000);
    await rig.reader.look(token);
    await rig.reader.take(token, VISIT);
    const docs = await rig.fetches();
    assert.deepEqual(
      docs.map(({ value: { grant: _, ...rest } }) => rest),
      [
        {
          ...strange,
          userAgent: `[2JBot${'x'.repeat(293)}\uFFFD`,
          at: '2026-01-01T00:00:00.000Z',
          job,
          image,
          gets: 1,
        },
        { ...VISIT, at: '2026-01-01T00:00:01.000Z', job, image, gets: 2 },
      ],
    );
    assert.equal(new Set(docs.map(({ value }) => value.grant)).size, 1);
    const told = rig.log.lines.map(({ severity, gets }) => [severity, gets]);
    assert.deepEqual(told, [
      ['INFO', 1],
      ['INFO', 2],
    ]);
    const all = JSON.stringify([docs, rig.log.lines]);
    assert.ok(!all.includes(token) && !all.includes(id));
  });

  it('is kept 90 days, and the grant an hour longer than it is good', async () => {
    const kept: [string, number][] = [];
    const driver = createMemoryDriver();
    const commit: Store['commit'] = (writes) => {
      for (const write of writes)
        if ('value' in write)
          kept.push([write.collection, (write.expireAt?.getTime() ?? Number.NaN) - rig.clock.now()]);
      return driver.commit(writes);
    };
    const rig = createGrantsRig(withShorthands({ ...driver, commit }));
    await (await rig.open()).take();
    const grant = [GRANTS, GRANT_MS + 3_600_000];
    assert.deepEqual(kept, [grant, grant, ['slides-fetches', 90 * 86_400_000]]);
  });
});
