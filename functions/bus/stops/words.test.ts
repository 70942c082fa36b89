import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { EXPANSIONS } from './abbreviations.ts';
import { spelledOut, wordsOf } from './words.ts';

const canonical = (text: string) => spelledOut(wordsOf(text));

const PAIRS: [short: string, long: string][] = [
  ["S'goon Gdn Circus", 'Serangoon Gardens Circus'],
  ['Upp Bt Timah Rd', 'Upper Bukit Timah Road'],
  ['Aft Jln Kayu', 'After Jalan Kayu'],
  ['Opp Blk 1', 'opposite block 1'],
  ['Tg Pagar Stn', 'Tanjong Pagar MRT Station'],
  ['Tj Pagar Plaza', 'Tanjung Pagar Plaza'],
  ["C'wealth Ave West", 'Commonwealth Avenue West'],
  ["W'lands Sec Sch", 'Woodlands Secondary School'],
  ["St. Joseph's Ch", 'Saint Josephs Church'],
  ['Queen St Ter', 'Queen Street Terminal'],
  ['Queen St Ter', 'Queen Street Bus Terminal'],
  ['Heng Mui Keng Terr', 'Heng Mui Keng Terrace'],
  ['Bedok Int', 'Bedok Bus Interchange'],
  ['Buona Vista CC', 'Buona Vista Community Centre'],
  ['Buona Vista CC', 'Buona Vista Community Club'],
  ['Newton FC', 'Newton Hawker Center'],
  ['Opp AMK Ind Pk 2', 'Opposite Ang Mo Kio Industrial Park 2'],
  ['Blk 126 CP', 'Block 126 Carpark'],
  ['Suntec Twr Two', 'Suntec Tower Two'],
  ['Natl JC', 'National Junior College'],
  ['Kg Java Rd', 'Kampung Java Road'],
  ['Mt Faber Lodge', 'mount faber lodge'],
];

describe('the words of a name', () => {
  for (const [short, long] of PAIRS)
    it(`are the same for ${short} and ${long}`, () => assert.deepEqual(canonical(short), canonical(long)));

  it('lose case, accents, apostrophes of every kind and dots', () => {
    assert.deepEqual(wordsOf("S’GOON Gdn, Café/No. 5 s'goon"), ['sgoon', 'gdn', 'cafe', 'no', '5', 'sgoon']);
  });

  it('are parted by hyphens', () => assert.deepEqual(wordsOf('one-north Stn'), ['one', 'north', 'stn']));

  it('keep a court, a link and a lamp post apart from a centre, a lane and a loop', () => {
    assert.deepEqual(canonical('Dover Ct'), ['dover', 'court']);
    assert.deepEqual(canonical('Tuas Lk'), ['tuas', 'link']);
    assert.deepEqual(canonical('LP 31'), ['lamp', 'post', '31']);
  });

  it('make phrases one even where they come about by it', () =>
    assert.deepEqual(canonical('Bus Bus Terminal'), ['terminal']));

  it('keep single letters, which name exits', () =>
    assert.deepEqual(canonical('Bugis Stn Exit E'), ['bugis', 'station', 'exit', 'e']));

  it('come out the same when they are spelled out once more, whatever the text', () => {
    const vocabulary = [
      ...EXPANSIONS.keys(),
      'community',
      'hawker',
      'bus',
      'stop',
      'interchange',
      'terminal',
      'centre',
    ];
    const folding = ['community', 'club', 'hawker', 'centre', 'bus', 'stop', 'terminal', 'mrt'];
    const text = fc.oneof(
      fc.array(fc.constantFrom(...folding)).map((all) => all.join(' ')),
      fc.string({ unit: 'grapheme' }),
      fc.array(fc.constantFrom(...vocabulary)).map((all) => all.join(' ')),
    );
    fc.assert(
      fc.property(text, (some) => {
        const once = canonical(some);
        assert.deepEqual(canonical(once.join(' ')), once);
      }),
    );
  });

  it('are the same for each abbreviation and what it stands for, among any others', () => {
    const other = fc.array(fc.constantFrom('raffles', 'toa', 'payoh', '7', 'exit'), { maxLength: 3 });
    fc.assert(
      fc.property(fc.constantFrom(...EXPANSIONS), other, other, ([short, long], before, after) => {
        const around = (words: readonly string[]) => canonical([...before, ...words, ...after].join(' '));
        assert.deepEqual(around([short]), around(long));
      }),
    );
  });
});
