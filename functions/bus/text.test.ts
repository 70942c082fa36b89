import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { aBoard, aBus, aRow } from './rig.ts';
import { boardText } from './text.ts';

const buses = (...minutes: number[]) =>
  minutes.map((at) => aBus({ minutes: at, state: at === 0 ? 'arriving' : 'due' }));

describe('a board as text', () => {
  it('is one aligned line for each row between the stop and the age', () => {
    const rows = [
      aRow('15', { destination: { code: '1', name: 'Marina Ctr' }, buses: buses(3, 12, 25) }),
      aRow('155', { destination: { code: '2', name: 'Bt Batok Int' }, buses: buses(0) }),
      aRow('225G', {
        destination: { code: '3', name: null },
        visit: 2,
        status: 'scheduled',
        buses: buses(0, 9).map((bus) => ({ ...bus, monitored: false, load: null })),
      }),
      aRow('401', { status: 'not_operating', buses: [] }),
      aRow('402', { status: 'not_operating', firstBus: null, buses: [] }),
      aRow('403', { status: 'no_estimate', buses: [] }),
      aRow('404', { status: 'unknown', buses: [] }),
    ];
    assert.equal(
      boardText(aBoard(rows, { age: 4 })),
      `83139 Bef Joo Chiat, Changi Rd
15    Marina Ctr     3, 12, 25 min  live, seats
155   Bt Batok Int   Arr            live, seats
225G  3 (again)      ~Arr, ~9 min   timetable
401   Pasir Ris Int  not operating (first bus 05:30)
402   Pasir Ris Int  not operating
403   Pasir Ris Int  no estimate
404   Pasir Ris Int  nothing known
~ from the timetable
LTA DataMall, live, 4 s old. 12:00:00
`,
    );
  });

  it('marks the minutes of a watched service that are from the timetable', () => {
    const [first, second] = buses(3, 12);
    const text = boardText(
      aBoard([aRow('15', { buses: [first ?? aBus(), { ...(second ?? aBus()), monitored: false }] })]),
    );
    assert.match(text, / 3, ~12 min {2}live/);
    assert.match(text, /^~ from the timetable$/m);
  });

  it('does not call a watched bus after one from the timetable unseen', () => {
    const [first, second] = buses(3, 12);
    const text = boardText(
      aBoard([
        aRow('15', { status: 'scheduled', buses: [{ ...(first ?? aBus()), monitored: false }, second ?? aBus()] }),
      ]),
    );
    assert.match(text, / ~3, 12 min {2}timetable/);
    assert.match(text, /^~ from the timetable$/m);
  });

  it('tells that a bus has left, and what comes after it', () => {
    const left = aBus({ state: 'left', minutes: null, load: 'limited' });
    const text = (row: Parameters<typeof aRow>[1]) => boardText(aBoard([aRow('15', row)]));
    assert.match(text({ buses: [left, aBus()] }), / left, 3 min {2}live, seats$/m);
    assert.match(text({ buses: [left], status: 'not_operating' }), / left, not operating \(first bus 05:30\)$/m);
  });

  it('warns of what is old, and of what is made up', () => {
    const stale = boardText(
      aBoard([], { source: 'stale', stale: true, age: 95, upstream: { status: 'failing', reason: 'timeout' } }),
    );
    assert.match(stale, /\nSTALE: 95 s old, LTA gives nothing newer \(timeout\)\. 12:00:00\n$/);
    assert.match(stale, /No bus is told of/);
    assert.match(boardText(aBoard([], { source: 'demo' })), /\nDEMO: these buses are made up\. /);
  });

  it('ends with when to leave, where that was asked', () => {
    const leave = {
      decision: 'no_bus' as const,
      leaveAt: null,
      bus: null,
      nextCheckAt: '',
      reason: 'word '.repeat(30),
    };
    const lines = boardText(aBoard([]), leave).trimEnd().split('\n');
    assert.deepEqual(lines.slice(2, -1).join(' '), 'word '.repeat(30).trim());
  });

  it('keeps to 80 columns without anything that moves a cursor, whatever names there are', () => {
    const name = fc.string({
      unit: fc.constantFrom('a', 'W', ' ', '\n', '\r', '\x1b', '\x07', '\u202e', '\u2028', '站', '🚌'),
      maxLength: 120,
    });
    fc.assert(
      fc.property(fc.array(fc.tuple(name, name), { maxLength: 4 }), name, (rows, stop) => {
        const board = aBoard(rows.map(([service, to]) => aRow(service, { destination: { code: null, name: to } })));
        const lines = boardText({ ...board, stop: { ...board.stop, name: stop } }).split('\n');
        for (const line of lines) {
          assert.ok([...line].length <= 80, line);
          assert.doesNotMatch(line, /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
        }
        assert.equal(lines.filter((line) => line.includes('live, seats')).length, rows.length);
      }),
    );
  });
});
