import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { BoardRow } from '#shared/bus/board.ts';
import { type Difference, differenceBetween, frameOf, isEmpty } from './differences.ts';
import { aBus, aRow } from './rig.ts';

/** What a client does with an update. */
function apply(rows: readonly BoardRow[], { changed, removed, order }: Difference): BoardRow[] {
  const byId = new Map(rows.map((row) => [row.id, row]));
  for (const row of changed) byId.set(row.id, row);
  for (const { id } of removed) byId.delete(id);
  return (order ?? rows.map(({ id }) => id)).flatMap((id) => byId.get(id) ?? []);
}

/** Without what follows from the time of day. */
function lasting(rows: readonly BoardRow[]): unknown {
  return rows.map((row) => ({
    ...row,
    buses: row.buses.map((bus) => ({
      ...bus,
      minutes: 0,
      display: '',
      state: '',
      position: bus.position && { ...bus.position, age: 0 },
    })),
  }));
}

const bus = fc.record({
  eta: fc.constantFrom('2026-01-08T04:03:30.000Z', '2026-01-08T04:09:00.000Z'),
  minutes: fc.constantFrom(3, 4, null),
  monitored: fc.boolean(),
  load: fc.constantFrom('seats' as const, null),
  position: fc.constantFrom({ lat: 1.3, lon: 103.9, age: 0 }, { lat: 1.3, lon: 103.9, age: 7 }, null),
});
const row = fc
  .record({
    service: fc.constantFrom('2', '10', '10e', '225G'),
    visit: fc.constantFrom(1, 2),
    buses: fc.array(bus, { maxLength: 3 }),
  })
  .map(({ service, visit, buses }) => aRow(service, { id: `${service}~1~${visit}`, visit, buses: buses.map(aBus) }));
const board = fc.uniqueArray(row, { selector: ({ id }) => id, maxLength: 6 });

describe('the differences between boards', () => {
  it('applied in turn to the first give the last', () => {
    fc.assert(
      fc.property(fc.array(board, { minLength: 2, maxLength: 6 }), ([first = [], ...others]) => {
        let shown: BoardRow[] = first;
        let before = frameOf(first);
        for (const rows of others) {
          const after = frameOf(rows);
          shown = apply(shown, differenceBetween(before, after));
          before = after;
          assert.deepEqual(lasting(shown), lasting(rows));
        }
      }),
    );
  });

  it('are the same from any earlier board to the last', () => {
    fc.assert(
      fc.property(board, board, (some, last) => {
        assert.deepEqual(lasting(apply(some, differenceBetween(frameOf(some), frameOf(last)))), lasting(last));
      }),
    );
  });

  it('are empty exactly where nothing but time has passed', () => {
    fc.assert(
      fc.property(board, board, (a, b) => {
        const same = JSON.stringify(lasting(a)) === JSON.stringify(lasting(b));
        assert.equal(isEmpty(differenceBetween(frameOf(a), frameOf(b))), same);
      }),
    );
  });

  it('do not hold what follows from the time of day', () => {
    const early = aBus();
    const at = (given: Parameters<typeof aBus>[0]) => frameOf([aRow('2', { buses: [aBus(given)] })]);
    for (const later of [
      { minutes: 2 },
      { display: '2' },
      { state: 'arriving' as const },
      { position: { lat: 1.3, lon: 103.9, age: 9 } },
    ])
      assert.ok(isEmpty(differenceBetween(frameOf([aRow('2', { buses: [early] })]), at(later))), JSON.stringify(later));
    for (const other of [{ eta: '2026-01-08T04:05:00.000Z' }, { monitored: false }, { load: null }, { position: null }])
      assert.equal(isEmpty(differenceBetween(frameOf([aRow('2', { buses: [early] })]), at(other))), false);
  });

  it('hold a row whose bus has moved, and no other', () => {
    const before = frameOf([aRow('2'), aRow('10')]);
    const moved = aRow('10', { buses: [aBus({ position: { lat: 1.31, lon: 103.9, age: 0 } })] });
    const { changed, removed, order } = differenceBetween(before, frameOf([aRow('2'), moved]));
    assert.deepEqual(changed, [moved]);
    assert.deepEqual(removed, []);
    assert.equal(order, undefined);
  });
});
