import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { findStops } from './find-stops.ts';
import { searchStops } from './search-stops.ts';
import { networkOf, stopAt } from './testing.ts';

const STOPS = [
  stopAt('01019', 'Bugis Cube', 'Victoria St'),
  stopAt('10011', "S'goon Gdn Circus", "S'goon Gdn Way", 1.3636, 103.8663),
  stopAt('10019', 'Opp Trinity Ch', "S'goon Gdn Way", 1.3631, 103.867),
  stopAt('10029', 'Bedok Int', 'Bedok Nth Dr'),
  stopAt('10021', 'Opp Bedok Int', 'Bedok Nth Dr'),
  stopAt('10031', 'Opp Blk 1', 'Henderson Rd', 1.28, 103.81),
  stopAt('10032', 'Opp Blk 1', 'Dover Rd', 1.301, 103.78),
  stopAt('10039', 'Opp Blk 12', 'Henderson Rd', 1.3, 103.78),
  stopAt('10041', 'Blk 83', 'Clementi St 1'),
  stopAt('83001', 'one-north Stn', 'Ayer Rajah Ave'),
  stopAt('83009', 'Clementi Stadium', 'Clementi Rd'),
  stopAt('83019', 'Heng Mui Keng Terr', 'Pasir Panjang Rd'),
  stopAt('83101', 'Ghim Moh Ter', 'Ghim Moh Rd'),
  stopAt('83111', 'Mountbatten Stn', 'Old Airport Rd'),
  stopAt('83109', 'One Amber', 'Mountbatten Rd'),
  stopAt('90001', 'Opp Dover Ch of Saint Nobody Blk 931A', 'Some Rd'),
  stopAt('90009', 'Crew Hall', 'Some Rd'),
  stopAt('91001', 'Opp VivoCity', 'Some Rd'),
  stopAt('91009', 'Yio Chu Kang Stn', 'Some Rd'),
  stopAt('91011', 'Blk 308', 'Tuas Ave 4'),
  stopAt('91019', 'Yard', 'Tuas Ave 3'),
];
const network = networkOf({ stops: STOPS });
const codes = async (q: string) => (await searchStops(network, q)).map(({ stop }) => stop.code);

describe('the search for stops', () => {
  it('finds either spelling by either, the name before the road', async () => {
    for (const q of ['serangoon garden', "S'goon gdn", 'GARDENS Serangoon', 's’goon-gdns'])
      assert.deepEqual(await codes(q), ['10011', '10019'], q);
  });

  it('prefers the name that says nothing else, then the lower code', async () => {
    assert.deepEqual(await codes('bedok int'), ['10029', '10021']);
    assert.deepEqual(await codes('opp blk 1'), ['10031', '10032', '10039']);
  });

  it('puts the very code first, then codes that begin so, then names with that number', async () => {
    assert.deepEqual((await codes('83001'))[0], '83001');
    assert.deepEqual(await codes('83'), ['83001', '83009', '83019', '83101', '83109', '83111', '10041']);
    assert.deepEqual(await codes('stop 83001'), ['83001']);
  });

  it('keeps the leading zeros of codes', async () => {
    assert.deepEqual(await codes('010'), ['01019']);
    assert.deepEqual(await codes('1019'), []);
  });

  it('forgives one typo in short words, two in long ones and two letters that changed places', async () => {
    for (const q of ['serangon gardn', 'sreangoon garden', 'seragon gardens'])
      assert.equal((await codes(q))[0], '10011', q);
    assert.deepEqual(await codes('opp bedko'), ['10021']);
    assert.deepEqual(await codes('mountbaten'), ['83111', '83109']);
  });

  it('forgives no typo in words of three letters and none where there is a digit', async () => {
    assert.deepEqual(await codes('imt'), []);
    assert.deepEqual(await codes('932a'), []);
    assert.deepEqual(await codes('931a'), ['90001']);
    // Whatever else it finds, not Blk 12 and Blk 83.
    assert.deepEqual(await codes('henderson 13'), ['10031', '10039']);
    assert.deepEqual(await codes('82'), []);
  });

  it('finds by the beginning of a word that is still being typed', async () => {
    assert.equal((await codes('seran'))[0], '10011');
    assert.equal((await codes("s'go"))[0], '10011');
    assert.deepEqual(await codes('clementi st'), ['83009', '10041']);
  });

  it('takes an abbreviation for the beginning of a word, not for a typo in one', async () => {
    assert.deepEqual(await codes('cres'), []);
    assert.deepEqual(await codes('crewl'), ['90009']);
  });

  it('ranks a stop by the word that fits it worst', async () => {
    assert.deepEqual(await codes('opp dover'), ['90001', '10032']);
  });

  it('finds a word that is written with and without its hyphen', async () => {
    assert.deepEqual(await codes('one north'), ['83001']);
    assert.deepEqual(await codes('onenorth'), ['83001']);
  });

  it('finds a code in two groups', async () => {
    assert.deepEqual(await codes('83 001'), ['83001']);
    assert.deepEqual(await codes('830 01 '), ['83001']);
  });

  it('finds words that are parted elsewhere than in the name', async () => {
    assert.deepEqual(await codes('vivo city'), ['91001']);
    assert.deepEqual(await codes('yiochukang stn'), ['91009']);
    assert.deepEqual(await codes('yck'), ['91009']);
    assert.deepEqual((await codes('bedokint'))[0], '10029');
  });

  it('takes a number for the one of the road before it takes it for the beginning of a longer one', async () => {
    assert.deepEqual(await codes('tuas ave 3'), ['91019', '91011']);
  });

  it('takes Ter for a terminal and for a terrace', async () => {
    assert.deepEqual(await codes('ghim moh ter'), ['83101']);
    assert.deepEqual(await codes('ter heng mui keng'), ['83019']);
  });

  it('answers what has most of the words only where nothing has all', async () => {
    assert.deepEqual(await codes('bedok int zzzzz'), ['10029', '10021']);
    assert.deepEqual(await codes('trinity bedok int'), ['10029', '10021', '10019']);
  });

  it('finds nothing where there is no letter and no digit', async () => {
    for (const q of ['', '   ', '!!!', "'", '🚌']) assert.deepEqual(await codes(q), [], q);
  });

  it('throws for no text at all, however odd, and tells each stop once', async () => {
    const odd = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 150 }),
      fc
        .array(fc.constantFrom('st', 'ter', '1', '83', "s'goon", 'bus', 'stop', '__proto__', 'constructor', '*', '-'), {
          maxLength: 12,
        })
        .map((all) => all.join(' ')),
    );
    await fc.assert(
      fc.asyncProperty(odd, async (text) => {
        const found = await codes(text);
        assert.equal(new Set(found).size, found.length);
      }),
    );
  });

  it('tells an empty network apart from a broken one', async () => {
    assert.deepEqual(await searchStops(networkOf({ stops: [] }), 'bedok'), []);
  });

  it('ranks equal matches by distance where a position is given, within the radius alone if there is one', async () => {
    const near = { lat: 1.3, lon: 103.78 };
    const found = await findStops(network, { q: 'opp blk 1', near, limit: 10 });
    assert.deepEqual(
      found.map(({ code }) => code),
      ['10032', '10031', '10039'],
    );
    const close = await findStops(network, { q: 'opp blk 1', near, radius: 120, limit: 10 });
    assert.deepEqual(
      close.map(({ code }) => code),
      ['10032', '10039'],
    );
  });
});
