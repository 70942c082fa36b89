import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DEMO_STOPS, sampleNetwork } from './sample.ts';

const sample = sampleNetwork();
const namesAt = (code: string) => sample.callsAt(code).map(({ route }) => route.service);

describe('the sample', () => {
  it('has exactly 44 and 55 at the stops that the compact form knows, each once', () => {
    for (const code of ['99999', '99998', '99997']) assert.deepEqual(namesAt(code), ['44', '55'], code);
  });

  it('says that it is one, in its version, its sources and its names', () => {
    assert.equal(sample.version, 'sample');
    for (const source of Object.values(sample.sources)) assert.equal(source.from, 'sample');
    assert.equal(sample.sources.routes?.rows, sample.routes.flatMap(({ stops }) => stops).length);
    for (const { name, road } of sample.stops) assert.match(`${name} ${road}`, /demo|sample/i);
  });

  it('has stops of its own, a few hundred metres apart, in Singapore', () => {
    assert.deepEqual(
      [...DEMO_STOPS].reverse(),
      sample.stops.map(({ code }) => code),
    );
    for (const { code, lat, lon } of sample.stops) {
      assert.match(code, /^9999\d$/);
      assert.ok(lat > 1.36 && lat < 1.37 && lon > 103.84 && lon < 103.86, code);
    }
  });

  it('has every stop of its routes, and every route ends where it says', () => {
    for (const { service, origin, destination, stops } of sample.routes) {
      assert.deepEqual([stops[0]?.code, stops.at(-1)?.code], [origin, destination], service);
      for (const { code, times } of stops) {
        assert.ok(sample.stop(code), code);
        for (const span of Object.values(times)) assert.match(`${span.first} ${span.last}`, /^\d{4} \d{4}$/);
      }
    }
  });

  it('shows a second visit, both directions at one stop, and services of the night and of weekday mornings', () => {
    const visits = sample.callsAt('99992').filter(({ route }) => route.service === '8');
    assert.deepEqual(
      visits.map(({ visit }) => visit),
      [1, 2],
    );
    const both = sample.callsAt('99993').filter(({ route }) => route.service === '7');
    assert.deepEqual(
      both.map(({ route }) => route.direction),
      [1, 2],
    );
    assert.deepEqual(sample.routesOf('10e')[0]?.stops[0]?.times, { weekday: { first: '0700', last: '0900' } });
    assert.deepEqual(sample.routesOf('9n')[0]?.stops.at(-1)?.times.weekday, { first: '2338', last: '0208' });
  });

  it('writes midnight as LTA does, and what is after it', () => {
    const lasts = sample.routesOf('7')[0]?.stops.map(({ times }) => times.weekday?.last);
    assert.deepEqual(lasts, ['2400', '0002', '0004', '0006']);
  });
});
