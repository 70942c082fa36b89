/** What people type, on the names that LTA really gives its stops. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { findStops } from './find-stops.ts';
import { networkOf, realNetwork } from './testing.ts';

const network = realNetwork();

describe("on LTA's own list of stops", {
  skip: network ? false : 'no copy of the list lies beside the project',
}, () => {
  const find = (q: string) => findStops(network ?? networkOf({}), { q, limit: 50 });
  const first = async (q: string) => (await find(q))[0]?.code;

  for (const q of ['serangoon garden', "S'goon gdn", 'serangon gardn', 'circus sgoon', 'Serangoon Gardens Circus'])
    it(`${q} finds S'goon Gdn Circus first`, async () => assert.equal(await first(q), '66271'));

  for (const [one, other] of [
    ["c'wealth ave", 'commonwealth avenue'],
    ['bt timah', 'bukit timah'],
    ['upp jln sch', 'upper jalan school'],
    ['tg pagar', 'tanjong pagar'],
  ] as const)
    it(`${one} finds what ${other} finds`, async () => {
      const found = await find(one);
      assert.ok(found.length > 2);
      assert.deepEqual(found, await find(other));
    });

  for (const [q, name] of [
    ['83 139', 'Aft Joo Chiat Pl'],
    ['vivo city', 'Opp VivoCity'],
    ['seng kang', 'Sengkang Int'],
    ['payalebar', 'Paya Lebar Gdns'],
    ['yck', 'Yio Chu Kang Stn'],
    ['T3', 'Changi Airport Ter 3'],
    ['national univ hosp', 'NUH'],
  ] as const)
    it(`${q} finds ${name} first`, async () => assert.equal((await find(q))[0]?.name, name));

  it('names come before roads', async () => {
    const names = (await find('bukit timah')).map(({ name }) => /Bt Timah/.test(name));
    assert.ok(names[0]);
    assert.deepEqual(
      names,
      names.toSorted((a, b) => Number(b) - Number(a)),
    );
  });

  it('opp blk 1 finds those of that very name first', async () => {
    const found = await find('opp blk 1');
    assert.deepEqual(
      found.slice(0, 2).map(({ name }) => name),
      ['Opp Blk 1', 'Opp Blk 1'],
    );
  });

  it('jurong east stn finds stops at the station alone', async () => {
    const found = await find('jurong east stn');
    assert.ok(found.length > 0);
    for (const { name } of found) assert.match(name, /Jurong East Stn/);
  });

  it('the beginning of a code finds the codes, with their leading zeros', async () => {
    assert.deepEqual(
      (await find('8313')).map(({ code }) => code),
      ['83131', '83139'],
    );
    const zero = (await find('0101')).map(({ code }) => code);
    assert.ok(zero.length > 2);
    for (const code of zero) assert.match(code, /^0101/);
    // No code begins so.
    assert.deepEqual(await find('0100'), []);
  });

  it('a code finds its stop alone', async () =>
    assert.deepEqual(
      (await find('83139')).map(({ name }) => name),
      ['Aft Joo Chiat Pl'],
    ));

  it('every stop is found by its own name and its own code', async () => {
    for (const { code, name } of network?.stops.filter((_, i) => i % 97 === 0) ?? []) {
      assert.equal(await first(code), code);
      const [best] = await find(name);
      assert.equal(best?.name, name);
    }
  });

  it('the nearest to a place are told with whole metres', async () => {
    const found = await findStops(network ?? networkOf({}), { near: { lat: 1.3644, lon: 103.8661 }, limit: 3 });
    assert.equal(found.length, 3);
    for (const { distance } of found) assert.ok(Number.isInteger(distance));
  });
});
