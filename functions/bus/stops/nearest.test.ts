import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { metresBetween, nearestStops } from './nearest.ts';
import { networkOf, stopAt } from './testing.ts';

const degree = (min: number, max: number) => fc.double({ min, max, noNaN: true });
/** Singapore and a good deal around it. */
const position = fc.record({ lat: degree(1.1, 1.6), lon: degree(103.5, 104.2) });
const stops = fc
  .array(position, { maxLength: 80 })
  .map((all) => all.map(({ lat, lon }, i) => stopAt(String(10_000 + i), 'Somewhere', 'Some Rd', lat, lon)));

describe('the nearest stops', () => {
  it('are those that measuring every stop exactly finds, in the same order', () => {
    fc.assert(
      fc.property(
        stops,
        position,
        fc.integer({ min: 1, max: 40_000 }),
        fc.integer({ min: 1, max: 50 }),
        (all, at, radius, limit) => {
          const found = nearestStops(networkOf({ stops: all }), at, radius, limit).map(({ distance }) => distance);
          const measured = all.map((stop) => metresBetween(at, stop)).filter((distance) => distance <= radius);
          const expected = measured.sort((a, b) => a - b).slice(0, limit);
          assert.equal(found.length, expected.length);
          // Flat geometry may prefer one of two stops that are equally far to within a thousandth, over 40 km.
          for (const [i, distance] of found.entries()) assert.ok(distance <= (expected[i] as number) * 1.001 + 0.01);
          assert.deepEqual(
            [...found].sort((a, b) => a - b),
            found,
          );
        },
      ),
    );
  });

  it('at one place come in the order of their codes', () => {
    const network = networkOf({ stops: [stopAt('20002', 'B'), stopAt('10001', 'A'), stopAt('30003', 'C')] });
    const found = nearestStops(network, { lat: 1.35, lon: 103.82 }, 1, 10);
    assert.deepEqual(
      found.map(({ stop, distance }) => [stop.code, distance]),
      [
        ['10001', 0],
        ['20002', 0],
        ['30003', 0],
      ],
    );
  });

  it('to the north and to the east are told apart by a fifth of a thousandth', () => {
    const [north, east] = [stopAt('10001', 'N', '', 1.39, 103.82), stopAt('10002', 'E', '', 1.35, 103.860008)];
    const at = { lat: 1.35, lon: 103.82 };
    assert.ok(metresBetween(at, east) < metresBetween(at, north) && 103.860008 - 103.82 > 1.39 - 1.35);
    assert.equal(nearestStops(networkOf({ stops: [north, east] }), at, 5_000, 1)[0]?.stop, east);
  });

  it('include one exactly at the radius and none beyond it', () => {
    const stop = stopAt('10001', 'A', 'Some Rd', 1.36, 103.82);
    const at = { lat: 1.35, lon: 103.82 };
    const exact = metresBetween(at, stop);
    const network = networkOf({ stops: [stop] });
    assert.equal(nearestStops(network, at, exact, 1).length, 1);
    assert.equal(nearestStops(network, at, exact - 0.01, 1).length, 0);
  });

  it('leave out stops whose position is no number', () => {
    const network = networkOf({ stops: [stopAt('10001', 'A', 'Some Rd', Number.NaN, 103.82), stopAt('10002', 'B')] });
    const found = nearestStops(network, { lat: 1.35, lon: 103.82 }, 5_000, 10);
    assert.deepEqual(
      found.map(({ stop }) => stop.code),
      ['10002'],
    );
  });

  it('are measured as the Earth is: a degree of latitude is about 111.2 km', () => {
    const metres = metresBetween({ lat: 1, lon: 103.8 }, { lat: 2, lon: 103.8 });
    assert.equal(Math.round(metres / 100), 1112);
  });
});
