import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { arrivalBody, BLANK_SLOT } from '../testing/fake-lta-replies.ts';
import { type LtaBus, LtaError, type LtaService } from './lta.ts';
import { readArrivals } from './read-arrivals.ts';

/** Names that an object has or seems to have without anybody putting them there, among those of the fields. */
const NAMES = [
  ...['Services', 'ServiceNo', 'Operator', 'NextBus', 'NextBus2', 'NextBus3', ...Object.keys(BLANK_SLOT)],
  ...['__proto__', 'constructor', 'toString', 'valueOf', 'length', 'toJSON'],
];
const odd = fc.oneof(
  fc.jsonValue(),
  fc.constantFrom('', '1', '2', 'WAB', 'SEA', 'DD', '0.0', '1.3', '103.8', '2026-11-23T09:41:48+08:00', 15, 1, null),
  // By way of JSON, so that `__proto__` is a field of its own.
  fc.dictionary(fc.constantFrom(...NAMES), fc.jsonValue()).map((value) => JSON.parse(JSON.stringify(value)) as unknown),
);
const record = (keys: readonly string[], value: fc.Arbitrary<unknown>) =>
  fc.record(Object.fromEntries(keys.map((key) => [key, value])), { requiredKeys: [] });
const slot = fc.oneof(odd, record(Object.keys(BLANK_SLOT), odd));
const service = fc.oneof(
  odd,
  fc.record(
    { ServiceNo: odd, Operator: odd, NextBus: slot, NextBus2: slot, NextBus3: slot },
    { requiredKeys: ['ServiceNo'] },
  ),
);
const reply = fc.oneof(odd, fc.record({ Services: fc.oneof(odd, fc.array(service)) }));

const WORD = /^[^\p{C}\p{Zl}\p{Zp}]{1,10}$/u;

function assertWellFormed({ service: name, operator, slots, ...rest }: LtaService): void {
  assert.deepEqual(rest, {});
  assert.match(name, WORD);
  if (operator !== '') assert.match(operator, WORD);
  assert.equal(slots.length, 3);
  for (const bus of slots) if (bus) assertBus(bus);
}

function assertBus({ eta, monitored, position, visit, origin, destination, load, wheelchair, deck, ...rest }: LtaBus) {
  assert.deepEqual(rest, {});
  assert.ok(Number.isSafeInteger(eta));
  assert.equal(typeof monitored, 'boolean');
  assert.ok(visit === 1 || visit === 2);
  for (const code of [origin, destination]) if (code !== undefined) assert.match(code, WORD);
  assert.ok([undefined, 'seats', 'standing', 'limited'].includes(load));
  assert.ok([undefined, true, false].includes(wheelchair));
  assert.ok([undefined, 'single', 'double', 'bendy'].includes(deck));
  if (!position) return;
  assert.ok(monitored);
  assert.ok(position.lat >= 1.13 && position.lat <= 1.5 && position.lon >= 103.55 && position.lon <= 104.15);
}

test('whatever JSON comes, it is refused as a bad body or read as well-formed services', () => {
  fc.assert(
    fc.property(reply, (json) => {
      let read: LtaService[];
      try {
        read = readArrivals(json);
      } catch (error) {
        assert.ok(error instanceof LtaError && error.trouble === 'bad_body', String(error));
        return;
      }
      read.forEach(assertWellFormed);
    }),
    { numRuns: 1_000 },
  );
});

test('whatever becomes of one service, the others are read as before', () => {
  const ETA = Date.parse('2026-11-23T01:41:48Z');
  const { Services: before } = arrivalBody('83139', [{ service: '10e', etas: [ETA] }, { service: '2' }]) as {
    Services: unknown[];
  };
  const { Services: after } = arrivalBody('83139', [{ service: '225G', etas: [ETA, ETA + 60_000] }]) as {
    Services: unknown[];
  };
  const alone = readArrivals({ Services: [...before, ...after] });
  fc.assert(
    fc.property(service, (mutant) => {
      const read = readArrivals({ Services: [...before, mutant, ...after] });
      assert.deepEqual([...read.slice(0, 2), ...read.slice(-1)], alone);
      assert.ok(read.length <= 4);
    }),
    { numRuns: 500 },
  );
});

test('whatever becomes of one slot, the other two are read as before', () => {
  const eta = Date.parse('2026-11-23T01:41:48Z');
  const { Services } = arrivalBody('83139', [{ service: '15', etas: [eta, eta + 1_000, eta + 2_000] }]) as {
    Services: [Record<string, unknown>];
  };
  fc.assert(
    fc.property(slot, (mutant) => {
      const [read] = readArrivals({ Services: [{ ...Services[0], NextBus2: mutant }] });
      assert.deepEqual([read?.slots[0]?.eta, read?.slots[2]?.eta], [eta, eta + 2_000]);
    }),
    { numRuns: 500 },
  );
});
