import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Call, Route } from './lists.ts';
import { createNetwork } from './network.ts';

const route = (service: string, direction: 1 | 2, codes: string[]): Route => ({
  service,
  direction,
  operator: 'SBST',
  category: 'TRUNK',
  origin: codes[0] ?? '',
  destination: codes.at(-1) ?? '',
  stops: codes.map((code, index) => ({ code, sequence: index + 1, times: {} })),
});

const stop = (code: string) => ({ code, name: `Stop ${code}`, road: 'Rd', lat: 1.3, lon: 103.8 });

const network = createNetwork({
  version: 'v',
  sources: {},
  stops: [stop('20000'), stop('00010'), stop('10000')],
  routes: [
    route('225G', 1, ['10000', '20000']),
    route('10e', 1, ['10000']),
    route('10', 2, ['20000', '10000']),
    route('10', 1, ['10000', '20000', '10000']),
    route('2', 1, ['00010', '10000']),
  ],
});

const named = ({ route: { service, direction }, index, visit }: Call) => `${service}~${direction}~${index}~${visit}`;

describe('a network', () => {
  it('has its stops in the order of their codes and finds each', () => {
    assert.deepEqual(
      network.stops.map(({ code }) => code),
      ['00010', '10000', '20000'],
    );
    assert.equal(network.stop('00010')?.name, 'Stop 00010');
    assert.equal(network.stop('10'), undefined);
  });

  it('has its routes in natural order, direction 1 first', () => {
    assert.deepEqual(
      network.routes.map(({ service, direction }) => `${service}~${direction}`),
      ['2~1', '10~1', '10~2', '10e~1', '225G~1'],
    );
  });

  it('finds the directions of a service however its letters are written', () => {
    assert.deepEqual(
      network.routesOf('10').map(({ direction }) => direction),
      [1, 2],
    );
    for (const name of ['225g', '225G']) assert.equal(network.routesOf(name)[0]?.service, '225G');
    assert.deepEqual(network.routesOf('99'), []);
  });

  it('tells all calls at a stop in order, a second visit as such, and both directions apart', () => {
    assert.deepEqual(network.callsAt('10000').map(named), [
      '2~1~1~1',
      '10~1~0~1',
      '10~1~2~2',
      '10~2~1~1',
      '10e~1~0~1',
      '225G~1~0~1',
    ]);
    assert.deepEqual(network.callsAt('99999'), []);
  });
});
