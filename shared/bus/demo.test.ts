import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import type { LtaBus } from '../lta/lta.ts';
import { countdown } from './countdown.js';
import { ALWAYS_DEMO, demoDueInMs, demoReply } from './demo.ts';
import { makeBoard } from './make-board.ts';
import { DEMO_STOPS, sampleNetwork } from './sample.ts';
import { createCalendar } from './singapore-calendar.ts';

const calendar = createCalendar([]);
const network = sampleNetwork();
const NOON = Date.parse('2026-01-08T12:00:00+08:00');
const reply = (code: string, now: number) => demoReply(network, code, calendar, now);
const board = (code: string, now: number) =>
  makeBoard({ network, code, reply: reply(code, now), calendar, now }).services;
const anyTime = fc.integer({ min: Date.parse('2026-01-01'), max: Date.parse('2028-01-01') });

describe('the stops of the compact form', () => {
  it('have the same minutes at any time, also 20 seconds after they were fetched', () => {
    fc.assert(
      fc.property(anyTime, fc.nat(20_000), fc.constantFrom(...ALWAYS_DEMO), (now, later, code) => {
        const minutes = reply(code, now).services.map(({ service, slots }) => [
          service,
          ...slots.map(
            (bus) => bus && countdown(bus.eta, Math.min(now + later, reply(code, now).fetchedAt + 39_999)).minutes,
          ),
        ]);
        assert.deepEqual(minutes, [
          ['55', 5, 10, 15],
          ['44', 3, 6, 9],
        ]);
      }),
    );
  });

  it('show what there is: both ways to know, all loads and decks, positions of those that are monitored alone', () => {
    const buses = reply('99999', NOON).services.flatMap(({ slots }) => slots.flatMap((bus) => bus ?? []));
    const kinds = (pick: (bus: LtaBus) => unknown) => new Set(buses.map(pick)).size;
    assert.deepEqual(
      [kinds((b) => b.monitored), kinds((b) => b.load), kinds((b) => b.deck), kinds((b) => b.wheelchair)],
      [2, 3, 3, 2],
    );
    for (const { monitored, position } of buses) assert.equal(position !== undefined, monitored);
  });

  it('make a board with a row for each of its services', () => {
    for (const code of ALWAYS_DEMO)
      assert.deepEqual(
        board(code, NOON).map(({ id, status }) => `${id} ${status}`),
        ['44~1~1 scheduled', '55~1~1 live'],
      );
  });
});

describe('the other stops of the sample', () => {
  const others = [...DEMO_STOPS].filter((code) => !ALWAYS_DEMO.has(code));

  it('tell the same for 20 seconds, and then what is new', () => {
    const frame = Math.floor(NOON / 20_000) * 20_000;
    assert.deepEqual(reply('99992', frame), { ...reply('99992', frame + 19_999), age: 0 });
    assert.equal(demoDueInMs(frame), 20_000);
    assert.equal(demoDueInMs(frame + 19_999), 1);
    assert.equal(reply('99992', frame + 20_000).fetchedAt, frame + 20_000);
  });

  it('have buses that come nearer, arrive and are gone', () => {
    const [first] = reply('99992', NOON).services;
    const eta = first?.slots[0]?.eta ?? 0;
    const states = [eta - 119_000, eta, eta + 40_000, eta + 180_000].map(
      (now) =>
        board('99992', now)
          .flatMap(({ buses }) => buses)
          .find((bus) => Date.parse(bus.eta) === eta)?.state,
    );
    assert.deepEqual(states, ['due', 'arriving', 'left', undefined]);
  });

  it('have a bus reach the next stop two minutes later', () => {
    const eight = (code: string) => reply(code, NOON).services.find(({ service }) => service === '8')?.slots ?? [];
    const shared = eight('99995').map((bus) => (bus?.eta ?? 0) + 120_000);
    assert.ok(eight('99992').some((bus) => bus && shared.includes(bus.eta)));
  });

  it('have no bus outside first and last bus, so the night service rests by day and runs by night', () => {
    const night = Date.parse('2026-01-09T00:30:00+08:00');
    const status = (now: number) => board('99992', now).find(({ service }) => service === '9N')?.status ?? '';
    assert.equal(status(NOON), 'not_operating');
    assert.ok(['live', 'scheduled'].includes(status(night)));
    const early = Date.parse('2026-01-09T03:30:00+08:00');
    assert.ok(others.every((code) => reply(code, early).services.length === 0));
    assert.ok(others.flatMap((code) => board(code, early)).every(({ status: now }) => now === 'not_operating'));
  });

  it('have one service without an estimate, and tell a loop’s second visit', () => {
    assert.equal(board('99994', NOON).find(({ service }) => service === '7')?.status, 'no_estimate');
    const visits = new Set<number>();
    for (let now = NOON; now < NOON + 3_600_000; now += 60_000)
      for (const { service, visit, buses } of board('99992', now))
        if (service === '8' && buses.length > 0) visits.add(visit);
    assert.deepEqual(visits, new Set([1, 2]));
  });

  it('have sane buses at any time: in order, within the hour, with positions in the sample’s corner of Singapore', () => {
    fc.assert(
      fc.property(anyTime, fc.constantFrom(...others), (now, code) => {
        for (const { slots } of reply(code, now).services) {
          const buses = slots.flatMap((bus) => bus ?? []);
          assert.deepEqual(slots.slice(0, buses.length), buses);
          assert.deepEqual(
            buses,
            buses.toSorted((a, b) => a.eta - b.eta),
          );
          for (const { eta, monitored, position } of buses) {
            assert.ok(eta > now - 90_000 && eta <= now + 3_600_000);
            assert.equal(position !== undefined, monitored);
            if (position) assert.ok(Math.abs(position.lat - 1.366) < 0.01 && Math.abs(position.lon - 103.85) < 0.01);
          }
        }
      }),
    );
  });
});
