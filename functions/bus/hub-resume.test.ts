import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { startHub } from './hub-rig.ts';
import { aBus, aRow } from './rig.ts';

const late = (eta: string) => [aBus({ eta })];

describe('a listener that comes back', () => {
  it('gets what has changed since the board it has, also where nobody else has listened', async () => {
    const { boards, clock, listen } = startHub();
    boards.services = [aRow('2'), aRow('15')];
    const before = await listen();
    before.leave();
    await clock.advance(100_000);
    boards.services = [aRow('2'), aRow('15', { status: 'scheduled' })];
    const { events, leave } = await listen({ lastId: before.events[0]?.id ?? '' });
    assert.deepEqual(
      events.map(({ event }) => event),
      ['update'],
    );
    assert.deepEqual(events[0]?.data.changed, [boards.services[1]]);
    leave();
  });

  it('gets the same from each of the last boards', async () => {
    const { boards, clock, listen } = startHub();
    const ids: string[] = [];
    const rows = (n: number) => [
      aRow('2', { buses: late(new Date(Date.parse('2026-01-08T04:10:00Z') + n * 60_000).toISOString()) }),
    ];
    boards.services = rows(0);
    const { events, leave } = await listen();
    for (let n = 1; n <= 9; n++) {
      boards.services = rows(n);
      await clock.advance(20_000);
    }
    for (const { id } of events) if (id) ids.push(id);
    assert.equal(new Set(ids).size, 10);
    for (const [n, id] of ids.entries()) {
      const again = await listen({ lastId: id });
      // Eight are kept, the newest among them.
      assert.deepEqual(
        again.events.map(({ event }) => event),
        [n < 2 ? 'reset' : 'update'],
        `board ${n}`,
      );
      assert.deepEqual(again.events[0]?.data.changed ?? again.events[0]?.data.services, n === 9 ? [] : rows(9));
      again.leave();
    }
    leave();
  });

  it('gets the whole board after more than five minutes, with a strange id, and for another service', async () => {
    const { boards, clock, listen } = startHub();
    boards.services = [aRow('2'), aRow('15')];
    const first = await listen();
    first.leave();
    const lastId = first.events[0]?.id ?? '';
    for (const given of [
      { lastId: 'x' },
      { lastId, service: '15' },
      { lastId: `${lastId}-15` },
      { lastId: '-15', service: '15' },
    ]) {
      const { names, leave } = await listen(given);
      assert.deepEqual(names(), ['reset'], JSON.stringify(given));
      leave();
    }
    await clock.advance(300_001);
    const { names, leave } = await listen({ lastId });
    assert.deepEqual(names(), ['reset']);
    leave();
  });

  it('gets differences from a board that has stood for long and is still the newest', async () => {
    const { clock, boards, listen } = startHub();
    boards.services = [aRow('2')];
    const first = await listen();
    await clock.advance(400_000);
    const { names, leave } = await listen({ lastId: first.events[0]?.id ?? '' });
    assert.deepEqual(names(), ['update']);
    first.leave();
    leave();
  });
});
