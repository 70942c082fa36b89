import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { routeRow, serviceRow, stopCode, stopRow } from '../testing/datamall-rows.ts';
import { assembleNetwork } from './assemble-network.ts';
import { PART_BYTES, partsOf, versionOf } from './list-parts.ts';
import { countRows, LIST_NAMES, type ListName, type ListRecords } from './list-records.ts';
import { readRows, writeRows } from './list-rows.ts';
import { readList } from './read-rows.ts';

const SOURCES = { routes: { from: 'datamall', at: '2026-01-01T00:00:00Z', rows: 1 } } as const;

/** Through the store and back. */
function throughParts<L extends ListName>(list: L, records: ListRecords[L]): ListRecords[L] {
  const rows = partsOf(list, writeRows(list, records)).flatMap(
    (part) => JSON.parse(JSON.stringify(part.rows)) as unknown[],
  );
  return readRows(list, rows);
}

const index = fc.nat({ max: 30 });
const time = fc.constantFrom('-', '', '0530', '0012', '2400', '2359');
const times = fc.record({
  WD_FirstBus: time,
  WD_LastBus: time,
  SAT_FirstBus: time,
  SAT_LastBus: time,
  SUN_FirstBus: time,
  SUN_LastBus: time,
  Distance: fc.oneof(fc.double({ min: 0, max: 90, noNaN: true }), fc.constant(null)),
  Direction: fc.constantFrom(1, 2),
});
const service = fc.constantFrom('2', '10', '10e', '225G', 'CT8');
const stop = fc
  .tuple(
    index,
    fc.record({
      Latitude: fc.double({ min: 1.2, max: 1.5, noNaN: true }),
      Description: fc.string({ minLength: 1, maxLength: 60, unit: 'grapheme' }),
    }),
  )
  .map(([at, more]) => stopRow(at, more));
const name = fc
  .tuple(
    service,
    fc.record({
      Direction: fc.constantFrom(1, 2),
      LoopDesc: fc.constantFrom('', 'Test Rd'),
      AM_Peak_Freq: fc.constantFrom('', '-', '5-08'),
    }),
  )
  .map(([no, more]) => serviceRow(no, more));
const call = fc
  .tuple(service, fc.nat({ max: 9 }), index, times)
  .map(([no, place, at, more]) => routeRow(no, place, stopCode(at), more));
const planned = fc
  .tuple(call, fc.constantFrom('2026-01-02', '20260201T00:00:00+0800'))
  .map(([row, EffectiveDate]) => ({ ...row, EffectiveDate }));

describe('lists that go through parts', () => {
  it('make the same network as the rows they came from', () => {
    const city = fc.record({
      stops: fc.array(stop),
      services: fc.array(name),
      routes: fc.array(call, { maxLength: 40 }),
      planned: fc.array(planned, { maxLength: 10 }),
    });
    fc.assert(
      fc.property(city, fc.constantFrom('2026-01-01', '2026-01-15', '2026-03-01'), (rows, today) => {
        const direct: Partial<Record<ListName, unknown>> = {};
        const stored: Partial<Record<ListName, unknown>> = {};
        for (const list of LIST_NAMES) {
          const { records, given, dropped } = readList(list, rows[list]);
          assert.equal(countRows(list, records), given - dropped);
          direct[list] = records;
          stored[list] = throughParts(list, records);
        }
        assert.deepEqual(stored, direct);
        const [a, b] = [direct, stored].map((records) =>
          assembleNetwork({ version: 'v', sources: SOURCES, records: records as unknown as ListRecords }, today),
        );
        assert.deepEqual([b?.version, b?.stops, b?.routes], [a?.version, a?.stops, a?.routes]);
      }),
    );
  });

  it('share what repeats, so that all of Singapore fits into a few megabytes', () => {
    const { records } = readList('routes', [
      routeRow('5', 1, '10001'),
      routeRow('6', 1, '10001'),
      routeRow('6', 2, '10002', { SAT_LastBus: '2400' }),
    ]);
    const [first, second, third] = throughParts('routes', records).flatMap(({ stops }) => stops.map((at) => at.times));
    assert.equal(first, second);
    assert.notEqual(first, third);
    assert.equal(third?.weekday, first?.weekday);
    assert.equal(third?.saturday, third?.weekday);
  });
});

describe('parts', () => {
  const rows = Array.from({ length: 60_000 }, (_, at) => [stopCode(at), `Blk ${at} S’goon`, 'Test Rd', 1.3, 103.8]);

  it('are as large as a document may be, and all rows are in them in their order', () => {
    const parts = partsOf('stops', rows);
    assert.ok(parts.length > 2);
    for (const part of parts)
      assert.ok(Buffer.byteLength(JSON.stringify({ ...part, madeAt: new Date(0).toISOString() })) <= PART_BYTES);
    assert.deepEqual(
      parts.flatMap((part) => part.rows),
      rows,
    );
  });

  it('are named after what is in them, and the version after them', () => {
    const named = (given: unknown[][]) => partsOf('stops', given).map(({ id }) => id);
    const changed = rows.with(-1, ['00001', 'Blk 1', 'Test Rd', 1.3, 103.8]);
    assert.deepEqual(named(rows), named(structuredClone(rows)));
    assert.equal(named(changed)[0], named(rows)[0]);
    assert.notEqual(named(changed).at(-1), named(rows).at(-1));
    assert.notEqual(partsOf('routes', rows)[0]?.id, named(rows)[0]);
    assert.equal(versionOf({ stops: named(rows) }), versionOf({ stops: named(rows) }));
    assert.notEqual(versionOf({ stops: named(rows) }), versionOf({ stops: named(changed) }));
    assert.notEqual(versionOf({ stops: ['part-a'] }), versionOf({ routes: ['part-a'] }));
  });

  it('are none for an empty list', () => {
    assert.deepEqual(partsOf('planned', []), []);
  });
});

describe('rows of a part that are not what was written', () => {
  const wrong: [ListName, unknown][] = [
    ['stops', 'x'],
    ['stops', [1, 'a', 'b', 1, 2]],
    ['stops', ['10001', 'a', 'b', '1.3', 103.8]],
    ['services', ['5', 3, '', '', '', '', null, null]],
    ['routes', ['5', 1, 'SBST', null]],
    ['routes', ['5', 1, 'SBST', null, [['10001', 1, null, '05302400']]]],
    ['routes', ['5', 1, 'SBST', null, [['10001', 1, null, null]]]],
    ['planned', ['5', 1, 'SBST', null, []]],
  ];
  for (const [list, row] of wrong)
    it(`are refused: ${JSON.stringify(row)}`, () => {
      assert.throws(() => readRows(list, [row]));
    });
});
