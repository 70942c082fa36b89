import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { alertId, askingId, readTold, toldAlert, toldWrite } from '#shared/bus/alert-records.ts';
import type { LeaveEvent, ToldAlert } from '#shared/bus/alerts.ts';
import { loadConfig } from '#shared/config.ts';
import type { Runtime } from '#shared/define.ts';
import type { Event } from '#shared/events/event.ts';
import { systemIds } from '#shared/ids.ts';
import { withShorthands } from '#shared/store/index.ts';
import { createMemoryDriver } from '#shared/store/memory.ts';
import type { Store } from '#shared/store/store.ts';
import { createFakeClock } from '#shared/testing/fake-clock.ts';
import { type FakePushService, startFakePushService } from '#shared/testing/fake-push-service.ts';
import { createKeptLog } from '#shared/testing/kept-log.ts';
import { guardAgainstLeaks } from '#shared/testing/leak-guard.ts';
import createBusPush from './index.ts';

guardAgainstLeaks();

const ETA = '2026-01-01T00:05:30.000Z';

describe('bus-push', () => {
  let service: FakePushService;
  before(async () => {
    service = await startFakePushService({ clock: createFakeClock() });
  });
  after(() => service[Symbol.asyncDispose]());

  async function createRig(given: Partial<LeaveEvent> = {}, store: Store = withShorthands(createMemoryDriver())) {
    const clock = createFakeClock();
    const log = createKeptLog();
    const config = loadConfig({ HAWKER_PUSH_SERVICES: service.host, HAWKER_PUSH_CONTACT: 'mailto:ops@hawker.test' });
    const runtime = { config, store, log, clock, ids: systemIds } as unknown as Runtime;
    const instance = await createBusPush(runtime);
    if (instance.kind !== 'message') throw new Error('bus-push is a message function');
    const target = service.subscribe();
    const asked = {
      target,
      stop: '83139',
      service: '15',
      walk: 2,
      lead: 2,
      until: '2026-01-01T02:00:00.000Z',
      lang: 'en' as const,
    };
    const id = alertId(asked);
    const data: LeaveEvent = {
      ...asked,
      alert: id,
      madeAt: '2025-12-31T23:50:00.000Z',
      stopName: 'Marine Ter Mkt',
      destination: null,
      eta: ETA,
      leaveAt: '2026-01-01T00:01:30.000Z',
      monitored: true,
      ...given,
    };
    const event = (change: Partial<LeaveEvent> = {}): Event => {
      const changed = { ...data, ...change };
      const time = '2026-01-01T00:00:00.000Z';
      return {
        id: askingId(id, changed),
        source: '/bus-alerts',
        type: 'bus.leave',
        time,
        data: changed,
        attributes: {},
        delivery: {},
      };
    };
    const { signal } = new AbortController();
    return {
      clock,
      id,
      data,
      event,
      store,
      log,
      deliver: (given: Event = event()) => instance.handle(given, { signal }),
      told: async () => (await readTold(store, id))?.value,
      received: () => service.messages.filter(({ endpoint }) => endpoint === target.endpoint),
    };
  }

  it('tells the browser, for as long as the bus is to come, and notes that it was sent', async () => {
    const rig = await createRig();
    await rig.deliver();
    const [message, ...more] = rig.received();
    assert.deepEqual(more, []);
    assert.deepEqual([message?.ttl, message?.urgency, message?.topic], [330, 'high', rig.id.slice(0, 32)]);
    assert.deepEqual([message?.data.tag, message?.data.eta], [rig.id, ETA]);
    const { state, eta, stop, walk, at, ...rest } = (await rig.told()) ?? assert.fail('nothing was noted');
    assert.deepEqual([state, eta, stop, walk, at], ['sent', ETA, '83139', 2, '2026-01-01T00:00:00.000Z']);
    assert.ok(!('target' in rest), 'the keys are not kept');
  });

  it('keeps a message half a minute at least', async () => {
    const rig = await createRig({ eta: '2026-01-01T00:00:05.000Z' });
    await rig.deliver();
    assert.equal(rig.received()[0]?.ttl, 30);
  });

  it('tells once, however often and to however many the event is delivered', async () => {
    const rig = await createRig();
    const outcomes = await Promise.allSettled([rig.deliver(), rig.deliver(), rig.deliver()]);
    for (const outcome of outcomes)
      if (outcome.status === 'rejected') assert.equal(outcome.reason.code, 'request_in_progress');
    await rig.deliver();
    assert.equal(rig.received().length, 1);
    assert.equal((await rig.told())?.state, 'sent');
  });

  it('tells again what was asked for again', async () => {
    const rig = await createRig();
    await rig.deliver();
    await rig.deliver(rig.event({ madeAt: '2025-12-31T23:59:00.000Z' }));
    assert.equal(rig.received().length, 2);
    assert.equal((await rig.told())?.madeAt, '2025-12-31T23:59:00.000Z');
    await rig.deliver(rig.event({ madeAt: '2025-12-31T23:40:00.000Z' }));
    assert.equal((await rig.told())?.madeAt, '2025-12-31T23:59:00.000Z', 'news of an older asking change nothing');
  });

  it('tells nothing of a bus that has come, and nothing after its time', async () => {
    for (const late of [{ eta: '2025-12-31T23:59:59.000Z' }, { until: '2026-01-01T00:00:00.000Z' }]) {
      const rig = await createRig(late);
      await rig.deliver();
      assert.deepEqual(rig.received(), []);
      assert.equal((await rig.told())?.state, 'expired');
    }
  });

  it('notes as failed what can never be sent, and does not try again', async () => {
    for (const status of [404, 410, 400, 403]) {
      const rig = await createRig();
      service.fail({ status });
      await rig.deliver();
      await rig.deliver();
      assert.deepEqual(rig.received(), []);
      const { state, reason } = (await rig.told()) ?? assert.fail('nothing was noted');
      assert.equal(state, 'failed');
      assert.match(
        reason ?? '',
        status === 404 || status === 410 ? /not take notifications any more/ : new RegExp(`${status}`),
      );
    }
  });

  it('lets the queue bring back what the push service was too busy for', async () => {
    for (const fault of [{ status: 429 }, { status: 500 }, 'hang up'] as const) {
      const rig = await createRig();
      service.fail(fault);
      await assert.rejects(rig.deliver(), { code: 'unavailable' });
      const { state, reason } = (await rig.told()) ?? assert.fail('nothing was noted');
      assert.equal(state, 'telling');
      assert.match(reason ?? '', /push service/);
      await rig.deliver();
      assert.equal(rig.received().length, 1);
      const after = await rig.told();
      assert.deepEqual([after?.state, after?.reason], ['sent', undefined]);
    }
  });

  it('gives up a push service that stalls, long before the event is delivered elsewhere', async () => {
    const rig = await createRig();
    const before = service.requests;
    service.fail('stall');
    const slow = assert.rejects(rig.deliver(), { code: 'unavailable' });
    await service.arrived(before + 1);
    await rig.clock.advance(10_000);
    await slow;
  });

  it('notes what became of it over what bus-alerts wrote, and of an earlier asking', async () => {
    for (const madeAt of ['2025-12-31T23:50:00.000Z', '2025-12-30T08:00:00.000Z']) {
      const rig = await createRig();
      const before: ToldAlert = toldAlert({ ...rig.data, madeAt }, { state: 'telling', eta: ETA }, rig.clock.now());
      await rig.store.commit([toldWrite(rig.id, before, undefined, rig.clock.now())]);
      await rig.deliver();
      assert.deepEqual([(await rig.told())?.state, (await rig.told())?.madeAt], ['sent', rig.data.madeAt]);
    }
  });

  it('does not send again because of a note that was refused', async () => {
    const store = withShorthands(createMemoryDriver());
    const commit: Store['commit'] = (writes) => {
      if (writes.some(({ collection }) => collection === 'bus-alerts-told'))
        return Promise.reject(new Error('refused'));
      return store.commit(writes);
    };
    const rig = await createRig({}, { ...store, commit });
    await rig.deliver();
    await rig.deliver();
    assert.equal(rig.received().length, 1);
    assert.ok(rig.log.lines.some(({ message }) => message === 'what became of an alert could not be noted'));
  });

  it('sends nothing to a host that no setting names, whatever the event says', async () => {
    const rig = await createRig();
    const before = service.requests;
    const endpoint = 'https://evil.example/collect';
    await rig.deliver(rig.event({ target: { ...rig.data.target, endpoint } }));
    assert.equal(service.requests, before);
    assert.equal((await rig.told())?.state, 'failed');
  });

  it('refuses for good what is no such event, and tells no value of it', async () => {
    const rig = await createRig();
    for (const data of [
      null,
      'x',
      {},
      { ...rig.data, eta: 'soon' },
      { ...rig.data, lang: 'xx' },
      { ...rig.data, alert: '../x' },
    ])
      await assert.rejects(rig.deliver({ ...rig.event(), data }), (error: Error & { code?: string }) => {
        assert.equal(error.code, 'invalid');
        return !error.message.includes(rig.data.target.endpoint) && !error.message.includes('soon');
      });
    assert.deepEqual(rig.received(), []);
  });

  it('never logs the endpoint or the keys', async () => {
    const rig = await createRig();
    service.fail({ status: 500, body: rig.data.target.endpoint });
    await assert.rejects(rig.deliver());
    await rig.deliver();
    const lines = JSON.stringify(rig.log.lines);
    for (const secret of [rig.data.target.endpoint, ...Object.values(rig.data.target.keys)])
      assert.ok(!lines.includes(secret));
  });
});
