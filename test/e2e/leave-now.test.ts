/** A leave-now alert from the request that makes it to the browser that is told: the functions themselves, on the embedded file, with a push service on loopback. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import createBus from '#functions/bus/index.ts';
import createBusAlerts from '#functions/bus-alerts/index.ts';
import createBusPush from '#functions/bus-push/index.ts';
import { MANIFEST } from '#functions/manifest.ts';
import { systemClock as clock } from '#shared/clock.ts';
import { loadConfig } from '#shared/config.ts';
import { isScheduled, type Runtime, subscriptionsOf } from '#shared/define.ts';
import { AppError } from '#shared/errors.ts';
import { systemIds as ids } from '#shared/ids.ts';
import { openEmbeddedQueue } from '#shared/queue/embedded.ts';
import { type OpenRuntime, openRuntime } from '#shared/runtime.ts';
import { createFirings } from '#shared/schedule/firings.ts';
import { openDatabase } from '#shared/sqlite/database.ts';
import { createAsk } from '#shared/testing/api-client.ts';
import { startFakePushService } from '#shared/testing/fake-push-service.ts';
import { createKeptLog } from '#shared/testing/kept-log.ts';
import { guardAgainstLeaks } from '#shared/testing/leak-guard.ts';
import { until } from '../support/hawker.ts';

guardAgainstLeaks();

const PREFIX = '/bus';
const rows = MANIFEST.filter(({ name }) => name.startsWith('bus'));
const scheduled = rows.filter(isScheduled).find(({ name }) => name === 'bus-alerts');
const subscriptions = subscriptionsOf(rows);

async function openRig() {
  const folder = await mkdtemp(join(tmpdir(), 'hawker-leave-now-'));
  const service = await startFakePushService({ clock });
  const config = loadConfig({ HAWKER_DATA: folder, HAWKER_PUSH_SERVICES: service.host });
  const log = createKeptLog();
  const opened: OpenRuntime[] = [];
  const database = openDatabase(join(folder, 'hawker.db'));
  const timing = { backoffBaseMs: 50, backoffMaxMs: 200, pollMs: 20 };
  const queue = openEmbeddedQueue({ database, subscriptions, clock, ids, log, timing });
  let handled = 0;

  /** As a process has it, with the file opened for itself. `change` is what goes wrong in it. */
  const runtime = async (change: (own: Runtime) => Partial<Runtime> = () => ({})): Promise<Runtime> => {
    const own = await openRuntime({ config, log, clock, ids, subscriptions, prefix: PREFIX });
    opened.push(own);
    return { ...own, ...change(own) };
  };
  const bus = await createBus(await runtime());
  assert.ok(bus.kind === 'http');

  return {
    service,
    queue,
    log,
    ask: createAsk((request) => bus.fetch(request)),
    /** How many deliveries were handled well. */
    handled: () => handled,
    /** An instance of bus-alerts, and how it is told of a firing. */
    async alerts(change?: (own: Runtime) => Partial<Runtime>) {
      const own = await runtime(change);
      const instance = await createBusAlerts(own);
      assert.ok(scheduled && instance.kind === 'schedule');
      const { handle } = createFirings({ ...own, row: scheduled, instance });
      return (firing: string) => handle(firing, { signal: new AbortController().signal, waitMs: 10_000 });
    },
    /** An instance of bus-push that takes what comes. */
    async consume() {
      const instance = await createBusPush(await runtime());
      const [subscription] = subscriptions;
      assert.ok(subscription && instance.kind === 'message');
      queue.consume(subscription, async (event, context) => {
        await instance.handle(event, context);
        handled++;
      });
    },
    async [Symbol.asyncDispose]() {
      await queue.close(5_000);
      for (const own of opened) await own.close(1_000);
      database.close();
      await service[Symbol.asyncDispose]();
      await rm(folder, { recursive: true });
    },
  };
}

type Rig = Awaited<ReturnType<typeof openRig>>;

/** Bus 55 is always some five minutes away at the demo's stop, so that it is time to leave at once. */
async function makeAlert({ ask, service }: Rig) {
  const target = service.subscribe();
  const { status, body } = await ask('POST /v2/alerts', { target, stop: '99999', service: '55', walk: 3, lang: 'ms' });
  assert.equal(status, 201, JSON.stringify(body));
  return { target, id: body.id as string };
}

const stateOf = async ({ ask }: Rig, id: string) => (await ask(`GET /v2/alerts/${id}`)).body.state;
const sent = (rig: Rig, id: string) =>
  until(
    () => stateOf(rig, id),
    (state) => state === 'sent',
  );

describe('a leave-now alert', () => {
  it('reaches the browser once, signed by the key it subscribed with, and says where the bus is', async () => {
    await using rig = await openRig();
    const { id } = await makeAlert(rig);
    await rig.consume();
    assert.equal(await (await rig.alerts())('2026-01-01T00:00:00Z'), 'done');
    await sent(rig, id);
    const [message, ...more] = rig.service.messages;
    assert.deepEqual(more, []);
    assert.equal(message?.data.title, 'Masa untuk bertolak: bas 55');
    assert.deepEqual([message?.data.tag, message?.data.url], [id, 'stops/99999?service=55']);
    assert.equal(message?.key, (await rig.ask('GET /v2/push')).body.publicKey);
    assert.deepEqual(rig.service.refusals, []);
  });

  it('reaches it once though the process dies between telling and noting, two instances race, firings repeat and events come three times', async () => {
    await using rig = await openRig();
    const { id } = await makeAlert(rig);
    await rig.consume();
    await rig.consume();
    let published = 0;
    const thrice =
      (after: () => void = () => undefined) =>
      ({ queue }: Runtime) => ({
        queue: {
          ...queue,
          publish: async (...event: Parameters<typeof queue.publish>) => {
            for (let time = 0; time < 3; time++) await rig.queue.publish(...event);
            published += 3;
            after();
          },
        },
      });
    const dying = await rig.alerts(
      thrice(() => {
        throw new AppError('unavailable', 'it died');
      }),
    );
    const first = '2026-01-01T00:00:00Z';
    await assert.rejects(dying(first), /it died/);
    assert.equal(published, 3);
    await sent(rig, id);

    const [one, two] = [await rig.alerts(thrice()), await rig.alerts(thrice())];
    const told = await Promise.allSettled([
      one(first),
      two(first),
      one('2026-01-01T00:01:00Z'),
      two('2026-01-01T00:01:00Z'),
    ]);
    assert.ok(told.some((end) => end.status === 'fulfilled'));
    assert.ok(published >= 6, 'it was published again');
    for (const fire of [one, two, one]) await fire(first).catch(() => undefined);
    assert.equal(await stateOf(rig, id), 'sent');

    await until(
      async () => rig.handled(),
      (handled) => handled === published,
    );
    assert.equal(rig.service.messages.length, 1);
    assert.equal(rig.service.requests, 1);
  });

  it('comes through a push service that fails at first, and says so where it cannot', async () => {
    await using rig = await openRig();
    rig.service.fail({ status: 503 }, 'hang up', { status: 429 });
    const { id } = await makeAlert(rig);
    await rig.consume();
    const fire = await rig.alerts();
    await fire('2026-01-01T00:00:00Z');
    await sent(rig, id);
    assert.equal(rig.service.requests, 4);
    rig.service.fail({ status: 410 });
    const gone = await makeAlert(rig);
    await fire('2026-01-01T00:01:00Z');
    await until(
      () => stateOf(rig, gone.id),
      (state) => state === 'failed',
    );
    assert.equal(rig.service.messages.length, 1);
    const lines = JSON.stringify(rig.log.lines);
    assert.ok(!lines.includes(gone.target.endpoint) && !lines.includes(gone.target.keys.auth));
  });

  it('is not told once it was cancelled, and told again when it is asked for again', async () => {
    await using rig = await openRig();
    await rig.consume();
    const fire = await rig.alerts();
    const { id } = await makeAlert(rig);
    assert.equal((await rig.ask(`DELETE /v2/alerts/${id}`)).status, 204);
    assert.equal(await fire('2026-01-01T00:00:00Z'), 'idle');
    const again = await makeAlert(rig);
    await fire('2026-01-01T00:01:00Z');
    await sent(rig, again.id);
    const body = { target: again.target, stop: '99999', service: '55', walk: 3, lang: 'ms' };
    assert.equal((await rig.ask('POST /v2/alerts', body)).status, 201);
    assert.equal(await stateOf(rig, again.id), 'waiting');
    await fire('2026-01-01T00:02:00Z');
    await until(
      async () => rig.service.messages.length,
      (count) => count === 2,
    );
    assert.deepEqual(
      rig.service.messages.map(({ data }) => data.tag),
      [again.id, again.id],
    );
  });
});
