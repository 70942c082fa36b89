import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { BoardRow } from '#shared/bus/board.ts';
import { sayIn } from './messages/index.ts';
import { rowWords } from './row-words.ts';

const words = (row: Partial<BoardRow>, at: string) =>
  rowWords(sayIn('en'), { firstBus: null, lastBus: null, ...row } as BoardRow, Date.parse(`2026-01-08T${at}:00+08:00`));
const closed = (firstBus: string | null, lastBus: string | null, at: string) =>
  words({ status: 'not_operating', firstBus, lastBus }, at);

describe('why a row has no bus', () => {
  it('is told by the service day, which ends at four', () => {
    assert.equal(closed('05:30', '00:12', '04:59'), 'Not running yet. First bus 05:30.');
    assert.equal(closed('05:30', '00:12', '00:13'), 'Not running any more. The last bus was at 00:12.');
    assert.equal(closed('05:30', '23:45', '23:50'), 'Not running any more. The last bus was at 23:45.');
    assert.equal(closed('23:30', '02:00', '20:00'), 'Not running yet. First bus 23:30.');
    assert.equal(closed('23:30', '02:00', '03:59'), 'Not running any more. The last bus was at 02:00.');
    assert.equal(closed('00:05', '02:00', '23:00'), 'Not running yet. First bus 00:05.');
    assert.equal(closed(null, null, '12:00'), 'Does not run today.');
  });

  it('is no estimate while buses run, and unknown where no hours are', () => {
    assert.equal(
      words({ status: 'no_estimate', firstBus: '05:30', lastBus: '23:00' }, '12:00'),
      'No estimate. Buses run until 23:00.',
    );
    assert.equal(words({ status: 'no_estimate' }, '12:00'), 'No estimate at this moment.');
    assert.match(words({ status: 'unknown' }, '12:00'), /not known/);
  });
});
