import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { BoardRow } from '#shared/bus/board.ts';
import { STOP, startHub } from './hub-rig.ts';
import { aBoard, aBus, aRow } from './rig.ts';

const late = (eta: string) => [aBus({ eta })];

describe('the hub of streams', () => {
  it('gives a new listener the whole board, and then what changes', async () => {
    const { boards, clock, listen } = startHub();
    boards.services = [aRow('2'), aRow('15')];
    const { events, leave } = await listen();
    assert.deepEqual(
      events.map(({ event }) => event),
      ['reset'],
    );
    assert.deepEqual(events[0]?.data.services, boards.services);

    boards.services = [aRow('15', { buses: late('2026-01-08T04:05:00.000Z') })];
    await clock.advance(20_000);
    const [, update] = events;
    assert.equal(update?.event, 'update');
    assert.deepEqual(update?.data.changed, boards.services);
    assert.deepEqual(update?.data.removed, ['2~1~1']);
    assert.deepEqual(update?.data.order, ['15~1~1']);
    assert.equal(update?.data.meta.now, '2026-01-08T04:00:20.000Z');
    assert.notEqual(update?.id, events[0]?.id);
    leave();
  });

  it('goes on while the wall clock is set back', async () => {
    const { boards, clock, listen } = startHub();
    const start = clock.now();
    let set = 0;
    boards.read = function () {
      const now = new Date(start - set).toISOString();
      return Promise.resolve(aBoard(this.services as BoardRow[], { now, fetchedAt: now }));
    };
    boards.services = [aRow('2')];
    const { names, leave } = await listen();
    set = 3_600_000;
    boards.services = [aRow('15')];
    await clock.advance(20_000);
    assert.deepEqual(names(), ['reset', 'update']);
    leave();
  });

  it('tells only that the board was read where nothing has changed', async () => {
    const { boards, clock, listen } = startHub();
    boards.services = [aRow('2')];
    const { events, leave } = await listen();
    boards.services = [aRow('2', { buses: [aBus({ minutes: 2, display: '2' })] })];
    await clock.advance(20_000);
    assert.deepEqual(events[1]?.data.changed, []);
    assert.equal(events[1]?.id, events[0]?.id, 'it is the same board');
    leave();
  });

  it('reads once for all, and stops with the last', async () => {
    const { boards, clock, hub, listen } = startHub();
    boards.services = [aRow('2')];
    const listeners = await Promise.all(Array.from({ length: 50 }, () => listen()));
    const { reads } = boards;
    await clock.advance(60_000);
    assert.equal(boards.reads - reads, 3);
    assert.equal(hub.loops, 1);
    for (const { leave } of listeners.slice(1)) leave();
    await clock.advance(20_000);
    assert.equal(boards.reads - reads, 4);
    listeners[0]?.leave();
    assert.equal(hub.loops, 0);
    await clock.advance(120_000);
    assert.equal(boards.reads - reads, 4);
    assert.equal(clock.sleepers, 0);
  });

  it('writes an event once, however many get it', async () => {
    const { boards, clock, listen } = startHub();
    boards.services = [aRow('2')];
    const [one, two] = [await listen(), await listen()];
    boards.services = [aRow('2', { status: 'scheduled' })];
    await clock.advance(20_000);
    assert.equal(one.bytes.at(-1), two.bytes.at(-1));
    for (const { leave } of [one, two]) leave();
  });

  it('sends something every 15 seconds', async () => {
    const { clock, listen } = startHub();
    const { bytes, leave } = await listen();
    await clock.advance(15_000);
    assert.equal(new TextDecoder().decode(bytes.at(-1)), ': hb\n\n');
    leave();
  });

  it('tells of one service to those who ask for it', async () => {
    const { boards, clock, listen } = startHub();
    boards.services = [aRow('2'), aRow('10e')];
    const { events, leave } = await listen({ service: '10E' });
    assert.deepEqual(
      events[0]?.data.services.map((row: { service: string }) => row.service),
      ['10e'],
    );
    boards.services = [aRow('10e', { status: 'scheduled' })];
    await clock.advance(20_000);
    assert.deepEqual(events[1]?.data.removed, []);
    assert.equal(events[1]?.data.order, undefined);
    assert.equal(events[1]?.data.changed.length, 1);
    leave();
  });

  it('gives whoever reads meanwhile no older board than the others have', async () => {
    const { boards, clock, listen } = startHub();
    boards.services = [aRow('2')];
    const first = await listen();
    await clock.advance(10_000);
    boards.services = [aRow('15')];
    const second = await listen();
    assert.deepEqual(first.names(), ['reset', 'update'], 'the first learns at once what the second was given');
    assert.deepEqual(second.names(), ['reset']);
    boards.services = [aRow('15'), aRow('20')];
    await clock.advance(10_000);
    assert.deepEqual(second.events[0]?.data.changed.length, 1);
    for (const { leave } of [first, second]) leave();
  });

  it('takes no board that was read before the last one, though it comes after it', async () => {
    const { boards, clock, hub } = startHub();
    boards.services = [aRow('2')];
    const events: string[] = [];
    const send = (bytes: Uint8Array) => void events.push(new TextDecoder().decode(bytes));
    const { read } = boards;
    const slow = Promise.withResolvers<void>();
    boards.read = async function (code, signal) {
      const board = await read.call(this, code, signal);
      await slow.promise;
      return board;
    };
    const { signal } = new AbortController();
    const first = hub.join(STOP, { send }, signal);
    boards.read = read;
    await clock.advance(1_000);
    boards.services = [aRow('15')];
    const leaveSecond = await hub.join(STOP, { send: () => undefined }, signal);
    slow.resolve();
    const leaveFirst = await first;
    assert.equal(events.length, 1);
    assert.match(events[0] ?? '', /"service":"15"/);
    leaveFirst();
    leaveSecond();
  });
});
