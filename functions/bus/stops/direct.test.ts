import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { BoardBus, BoardRow } from '#shared/bus/board.ts';
import { compareRides, findRides, nextBuses, type Ride, rideKm } from './direct.ts';
import { networkOf, routeOver } from './testing.ts';

const LOOP = routeOver('8', ['A', 'B', 'C', 'D', 'C', 'B', 'A'], { loop: 'D Rd' });
const loop = networkOf({ routes: [LOOP] });
const only = (rides: readonly Ride[]) => {
  assert.equal(rides.length, 1);
  return rides[0] as Ride;
};

function busAt(minutes: number, state: BoardBus['state'] = 'due'): BoardBus {
  const eta = new Date(minutes * 60_000).toISOString();
  const unknown = { load: null, wheelchair: null, deck: null, position: null };
  return { eta, minutes, display: String(minutes), state, monitored: true, ...unknown };
}

function rowOf(given: Partial<BoardRow>): BoardRow {
  return {
    id: 'x',
    service: '8',
    operator: 'SBST',
    direction: 1,
    destination: { code: 'A', name: null },
    visit: 1,
    status: 'live',
    reason: 'It is live',
    firstBus: null,
    lastBus: null,
    buses: [busAt(5)],
    ...given,
  };
}

describe('rides without a change', () => {
  it('are those that trying every pair of places on every route finds', () => {
    const code = fc.constantFrom('A', 'B', 'C', 'D', 'E');
    const route = fc.array(code, { minLength: 2, maxLength: 9 });
    fc.assert(
      fc.property(fc.array(route, { maxLength: 5 }), code, code, (all, from, to) => {
        const network = networkOf({ routes: all.map((codes, i) => routeOver(String(i + 1), codes)) });
        const expected = network.routes.flatMap(({ service, stops }) => {
          const pairs = stops.flatMap((a, i) =>
            stops.flatMap((b, j) => (a.code === from && b.code === to && i < j ? [[i, j] as const] : [])),
          );
          const [best] = pairs.sort(([a, b], [c, d]) => b - a - (d - c) || a - c);
          if (!best) return [];
          const visit = stops.slice(0, best[0] + 1).filter((stop) => stop.code === from).length;
          return [{ service, board: best[0], alight: best[1], visit }];
        });
        const found = findRides(network, from, to).map(({ route: { service }, board, alight, visit }) => ({
          service,
          board,
          alight,
          visit,
        }));
        assert.deepEqual(found, expected);
      }),
    );
  });

  it('go only the way the route goes', () => {
    const network = networkOf({ routes: [routeOver('1', ['A', 'B', 'C'])] });
    assert.equal(findRides(network, 'A', 'C').length, 1);
    assert.deepEqual(findRides(network, 'C', 'A'), []);
  });

  it('of a loop begin at the pass that is the last before the destination', () => {
    const ride = only(findRides(loop, 'C', 'B'));
    assert.deepEqual([ride.board, ride.alight, ride.visit], [4, 5, 2]);
    assert.equal(only(findRides(loop, 'C', 'D')).visit, 1);
  });

  it('never go past the end of a loop', () => assert.equal(only(findRides(loop, 'B', 'A')).visit, 2));

  it('are told for each direction that makes them', () => {
    const network = networkOf({
      routes: [routeOver('9', ['A', 'B', 'C', 'D']), routeOver('9', ['D', 'A', 'C'], { direction: 2 })],
    });
    assert.deepEqual(
      findRides(network, 'A', 'C').map(({ route: { direction }, board, alight }) => [direction, alight - board]),
      [
        [1, 2],
        [2, 1],
      ],
    );
  });

  it('know how long they are where the list does', () => {
    assert.equal(rideKm(only(findRides(loop, 'A', 'D'))), 3);
    const stops = LOOP.stops.map(({ code, sequence, times }) => ({ code, sequence, times }));
    assert.equal(rideKm(only(findRides(networkOf({ routes: [{ ...LOOP, stops }] }), 'A', 'D'))), null);
  });
});

describe('the next buses of a ride', () => {
  const ride = only(findRides(loop, 'C', 'B'));

  it('are those of its own visit', () => {
    const first = rowOf({ visit: 1, buses: [busAt(2)] });
    const second = rowOf({ visit: 2, buses: [busAt(9)] });
    assert.deepEqual(nextBuses(ride, [first, second]).buses, [busAt(9)]);
  });

  it('are not told to be of a visit where there is one only', () => {
    const once = only(findRides(networkOf({ routes: [routeOver('8', ['A', 'B'])] }), 'A', 'B'));
    assert.equal(nextBuses(once, [rowOf({ visit: 2, destination: { code: 'B', name: null } })]).buses.length, 1);
  });

  it('are not those of the other direction or of another service', () => {
    const rows = [rowOf({ visit: 2, direction: 2 }), rowOf({ visit: 2, service: '80' })];
    const { buses, status } = nextBuses(ride, rows);
    assert.deepEqual([buses, status], [[], 'unknown']);
  });

  it('of a row without a direction are told by its destination', () => {
    assert.equal(nextBuses(ride, [rowOf({ visit: 2, direction: null })]).buses.length, 1);
    assert.equal(
      nextBuses(ride, [rowOf({ visit: 2, direction: null, destination: { code: 'X', name: null } })]).buses.length,
      0,
    );
  });

  it('leave out buses that end before the ride does, and say so', () => {
    const network = networkOf({ routes: [routeOver('8', ['A', 'B', 'C', 'D'])] });
    const far = only(findRides(network, 'A', 'D'));
    const near = only(findRides(network, 'A', 'B'));
    const short = rowOf({ destination: { code: 'C', name: null }, buses: [busAt(3)] });
    const whole = rowOf({ destination: { code: 'D', name: null }, buses: [busAt(8)] });
    assert.deepEqual(nextBuses(far, [short, whole]).buses, [busAt(8)]);
    assert.deepEqual(nextBuses(near, [whole, short]).buses, [busAt(3), busAt(8)]);
    const none = nextBuses(far, [short]);
    assert.equal(none.status, 'no_estimate');
    assert.match(none.reason, /end elsewhere/);
  });

  it('have the status of the row with the soonest one that has not left', () => {
    const rows = [
      rowOf({ visit: 2, status: 'scheduled', buses: [busAt(0, 'left'), busAt(20)] }),
      rowOf({ visit: 2, status: 'live', buses: [busAt(7)] }),
    ];
    assert.equal(nextBuses(ride, rows).status, 'live');
  });

  it('order rides: the soonest, then the fewest stops, then the number; those without a bus last', () => {
    const of = (service: string, alight: number, ...buses: BoardBus[]) => {
      const route = routeOver(service, ['A', 'B', 'C', 'D']);
      return { route, board: 0, alight, visit: 1, buses, status: 'live' as const, reason: '' };
    };
    const rides = [of('10', 1), of('2', 1), of('3', 3), of('4', 3, busAt(9)), of('5', 1, busAt(0, 'left'), busAt(12))];
    assert.deepEqual(
      rides.sort(compareRides).map(({ route: { service } }) => service),
      ['4', '5', '2', '10', '3'],
    );
  });
});
