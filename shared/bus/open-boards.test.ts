import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { loadConfig } from '../config.ts';
import { AppError } from '../errors.ts';
import { systemIds } from '../ids.ts';
import { openLta } from '../lta/index.ts';
import type { ArrivalFeed } from '../lta/lta.ts';
import { aNetwork, aRoute } from '../testing/boards.ts';
import { createFakeClock } from '../testing/fake-clock.ts';
import { type FakeLta, startFakeLta } from '../testing/fake-lta.ts';
import { arrivalBody } from '../testing/fake-lta-replies.ts';
import { createKeptLog } from '../testing/kept-log.ts';
import { guardAgainstLeaks } from '../testing/leak-guard.ts';
import type { Lists, Network } from './lists.ts';
import { createBoards } from './open-boards.ts';
import { sampleNetwork } from './sample.ts';
import { createCalendar } from './singapore-calendar.ts';

guardAgainstLeaks();

const NOON = Date.parse('2026-01-08T12:00:00+08:00');
const LISTS = aNetwork([aRoute('15', 1, ['77009', '83139', '77008'])]);
const listsOf = (current: () => Promise<Network>): Lists => ({ current });
const real = listsOf(() => Promise.resolve(LISTS));
const sample = listsOf(() => Promise.resolve(sampleNetwork()));

/** Boards over a real feed; without `fake` there is no key. */
function open(lists: Lists, fake?: FakeLta) {
  const clock = createFakeClock(NOON);
  const config = loadConfig(fake ? { LTA_ACCOUNT_KEY: fake.key, LTA_BASE_URL: fake.url } : {});
  const opened = openLta(config, { clock, ids: systemIds, log: createKeptLog() });
  const boards = createBoards({ lists, lta: () => Promise.resolve(opened), clock, calendar: createCalendar([]) });
  return { boards, clock };
}

async function withReply() {
  const fake = await startFakeLta();
  fake.setArrivals(
    '83139',
    arrivalBody('83139', [{ service: '15', etas: [{ eta: NOON + 200_000, destination: '77008' }] }]),
  );
  return fake;
}

describe('a real stop', () => {
  it("is LTA's reply with names from the lists, computed anew each time", async () => {
    await using fake = await withReply();
    const { boards, clock } = open(real, fake);
    const first = await boards.read('83139');
    assert.deepEqual(
      [first.meta.source, first.stop.name, first.services[0]?.destination.name, first.services[0]?.buses[0]?.minutes],
      ['live', 'Stop 83139', 'Stop 77008', 3],
    );
    await clock.advance(19_000);
    const second = await boards.read('83139');
    assert.deepEqual([second.meta.source, second.meta.age, second.services[0]?.buses[0]?.display], ['cache', 19, '3']);
    await clock.advance(500);
    assert.equal(boards.dueInMs('83139'), 1_000, 'at least');
    assert.equal(fake.calls.length, 1);
  });

  it('that the list does not have is not found, and costs no call once the list is known', async () => {
    await using fake = await withReply();
    const { boards } = open(real, fake);
    await boards.read('83139');
    for (const code of ['12345', '99996', '1', '8313９', '83139&ServiceNo=15', ''])
      await assert.rejects(boards.read(code), { code: 'not_found' }, code);
    await assert.rejects(boards.read('12345'), {
      message: 'There is no bus stop 12345 in the list that was loaded from a file on 2026-04-01',
    });
    assert.deepEqual(
      fake.calls.map(({ stop }) => stop),
      ['83139'],
    );
    await assert.rejects(open(real).boards.read('12345'), { code: 'not_found' }, 'also without a key');
  });

  it("is said to be missing from LTA's list of a day in Singapore, where LTA's own list was fetched", async () => {
    const stops = { from: 'datamall', at: '2026-04-01T20:00:00.000Z', rows: 3 } as const;
    const fetched = listsOf(() => Promise.resolve({ ...LISTS, sources: { stops } }));
    await assert.rejects(open(fetched).boards.read('12345'), {
      message: "There is no bus stop 12345 in LTA's list of 2026-04-02",
    });
  });

  it('is not asked for where the list of a moment ago does not have it, nor for what may be a demo', async () => {
    const asked: string[] = [];
    const feed = {
      read: (code: string) => {
        asked.push(code);
        return Promise.reject(new AppError('unavailable', 'LTA does not answer'));
      },
    } as unknown as ArrivalFeed;
    const clock = createFakeClock(NOON);
    const boards = createBoards({ lists: real, lta: async () => ({ feed }), clock, calendar: createCalendar([]) });
    await assert.rejects(boards.read('99992'), { code: 'not_found' });
    await assert.rejects(boards.read('83139'), { code: 'unavailable' });
    await assert.rejects(boards.read('12345'), { code: 'not_found' });
    assert.deepEqual(asked, ['83139']);
  });

  it('without a key is told to need one', async () => {
    for (const lists of [real, sample])
      await assert.rejects(open(lists).boards.read('83139'), {
        code: 'not_configured',
        message: /LTA_ACCOUNT_KEY.*99999/,
      });
  });

  it('that only the sample could name is asked for all the same', async () => {
    await using fake = await withReply();
    const board = await open(sample, fake).boards.read('83139');
    assert.deepEqual([board.stop.name, board.meta.source, board.meta.lists.version], [null, 'live', 'sample']);
    assert.equal(board.services[0]?.buses.length, 1);
  });

  it('is refused as the feed refuses it', async () => {
    await using fake = await startFakeLta();
    fake.fail({ kind: 'answer', status: 503 });
    await assert.rejects(open(real, fake).boards.read('83139'), (error: AppError) => {
      assert.equal(error.code, 'unavailable');
      assert.ok(Number(error.headers['Retry-After']) >= 1);
      return true;
    });
  });
});

describe('lists that cannot be read', () => {
  const broken = listsOf(() => Promise.reject(new AppError('unavailable', 'the store does not answer')));

  it("leave LTA's reply without names", async () => {
    await using fake = await withReply();
    const board = await open(broken, fake).boards.read('83139');
    assert.deepEqual([board.stop.name, board.meta.lists.version, board.services[0]?.id], [null, 'none', '15~77008~1']);
    assert.equal((await open(broken).boards.read('99999')).stop.name, 'Demo Mkt');
  });

  it('are waited for no longer than three seconds', async () => {
    await using fake = await withReply();
    const { boards, clock } = open(
      listsOf(() => new Promise(() => {})),
      fake,
    );
    const board = boards.read('83139');
    await fake.called(1);
    await clock.advance(3_000);
    assert.equal((await board).stop.name, null);
  });

  it('are asked at the same time as LTA', async () => {
    await using fake = await withReply();
    const asked = Promise.withResolvers<Network>();
    const board = open(
      listsOf(() => asked.promise),
      fake,
    ).boards.read('83139');
    await fake.called(1);
    asked.resolve(LISTS);
    assert.equal((await board).stop.name, 'Stop 83139');
  });
});

describe('whoever gives up', () => {
  it('hears the reason at once, whatever is still under way', async () => {
    await using fake = await withReply();
    const release = fake.hold();
    const reason = new Error('gone');
    const given = new AbortController();
    const board = open(real, fake).boards.read('83139', given.signal);
    await fake.called(1);
    given.abort(reason);
    await assert.rejects(board, reason);
    release();
    await assert.rejects(open(real, fake).boards.read('99999', given.signal), reason);

    const waiting = new AbortController();
    const never = open(listsOf(() => new Promise(() => {}))).boards.read('83139', waiting.signal);
    await new Promise(setImmediate);
    waiting.abort(reason);
    await assert.rejects(never, reason);
  });
});

describe('demo stops', () => {
  it('99999, 99998 and 99997 always are one, whatever lists and key there are', async () => {
    await using fake = await startFakeLta();
    for (const code of ['99999', '99998', '99997'])
      for (const { boards } of [open(sample), open(real, fake)]) {
        const { meta, services } = await boards.read(code);
        assert.deepEqual([meta.source, meta.upstream, meta.lists.version], ['demo', { status: 'none' }, 'sample']);
        assert.deepEqual(
          services.map(({ service }) => service),
          ['44', '55'],
        );
        assert.equal(boards.dueInMs(code), 20_000);
      }
    assert.equal(fake.calls.length, 0);
  });

  it('others are one only while there are no lists', async () => {
    await using fake = await startFakeLta();
    const { boards } = open(sample, fake);
    assert.equal((await boards.read('99992')).meta.source, 'demo');
    assert.equal(boards.dueInMs('99992'), 20_000);
    await assert.rejects(open(real, fake).boards.read('99992'), { code: 'not_found' });
    assert.equal(fake.calls.length, 0);
  });
});
