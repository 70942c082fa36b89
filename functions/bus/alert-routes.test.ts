import assert from 'node:assert/strict';
import { createECDH, randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import { toldAlert, toldWrite } from '#shared/bus/alert-records.ts';
import { ALERTS, ALERTS_TOLD, type WaitingAlert } from '#shared/bus/alerts.ts';
import { publish } from '#shared/bus/publish.ts';
import { withShorthands } from '#shared/store/index.ts';
import { createMemoryDriver } from '#shared/store/memory.ts';
import { routeRows, serviceRow, stopRow } from '#shared/testing/datamall-rows.ts';
import { arrivalBody } from '#shared/testing/fake-lta-replies.ts';
import { guardAgainstLeaks } from '#shared/testing/leak-guard.ts';
import { alertMade, alertState } from './alert-answers.ts';
import { createTestBus, type TestBus } from './testing.ts';

guardAgainstLeaks();

const MINUTE_MS = 60_000;
const UNKNOWN = 'A'.repeat(43);

function aTarget(endpoint = `https://fcm.googleapis.com/fcm/send/${randomBytes(20).toString('base64url')}`) {
  const p256dh = createECDH('prime256v1').generateKeys('base64url');
  return { endpoint, expirationTime: null, keys: { p256dh, auth: randomBytes(16).toString('base64url') } };
}

const anAlert = (given: object = {}) => ({ target: aTarget(), stop: '99999', service: '55', walk: 3, ...given });
const demo = () => createTestBus({ withoutLta: true });

const waiting = async ({ store }: TestBus) => (await store.list<WaitingAlert>(ALERTS, { limit: 100 })).docs;
const later = ({ clock }: TestBus, ms: number) => new Date(clock.now() + ms).toISOString();

describe('GET /v2/push', () => {
  it('answers the one key that browsers subscribe with, and never the other one', async () => {
    const store = withShorthands(createMemoryDriver());
    await using first = await createTestBus({ withoutLta: true, store });
    await using second = await createTestBus({ withoutLta: true, store });
    const answers = await Promise.all([first, second].map(({ ask }) => ask('GET /v2/push')));
    for (const { status, body } of answers) {
      assert.equal(status, 200);
      assert.deepEqual(Object.keys(body), ['publicKey']);
      assert.match(body.publicKey, /^B[\w-]{86}$/);
    }
    assert.deepEqual(answers[0]?.body, answers[1]?.body);
    assert.equal((await store.list('push-keys', { limit: 10 })).docs.length, 1);
  });
});

describe('POST /v2/alerts', () => {
  it('makes an alert and says what is known now', async () => {
    await using bus = await demo();
    const wanted = anAlert();
    const { status, headers, body } = await bus.ask('POST /v2/alerts', wanted);
    assert.equal(status, 201);
    assert.deepEqual(alertMade.strict().parse(body), body);
    assert.equal(headers.get('Location'), `/bus/v2/alerts/${body.id}`);
    const { id, leave, ...rest } = body;
    assert.match(id, /^[\w-]{43}$/);
    const until = later(bus, 120 * MINUTE_MS);
    assert.deepEqual(rest, {
      stop: '99999',
      service: '55',
      row: null,
      walk: 3,
      lead: 2,
      until,
      lang: 'en',
      state: 'waiting',
    });
    assert.deepEqual([leave.decision, leave.bus.service], ['wait', '55']);
    const [doc] = await waiting(bus);
    assert.deepEqual([doc?.id, doc?.value.target.endpoint], [id, wanted.target.endpoint]);
  });

  it('changes the alert that the same browser has for the same bus, and makes another for another', async () => {
    await using bus = await demo();
    const target = aTarget();
    const first = await bus.ask('POST /v2/alerts', anAlert({ target }));
    const changed = await bus.ask('POST /v2/alerts', anAlert({ target, walk: 9, lang: 'zh' }));
    assert.deepEqual([first.status, changed.status], [201, 200]);
    assert.deepEqual([changed.body.id, changed.body.walk, changed.body.lang], [first.body.id, 9, 'zh']);
    assert.equal(changed.headers.get('Location'), null);
    for (const other of [{ service: '44' }, { stop: '99998' }, { target: aTarget() }])
      assert.equal((await bus.ask('POST /v2/alerts', anAlert({ target, ...other }))).status, 201);
    assert.equal((await waiting(bus)).length, 4);
  });

  it('is one asking where the very same comes again, and another where something is changed', async () => {
    await using bus = await demo();
    const target = aTarget();
    const madeAt = async () => (await waiting(bus))[0]?.value.madeAt ?? '';
    await bus.ask('POST /v2/alerts', anAlert({ target }));
    const first = await madeAt();
    await bus.clock.advance(1_000);
    await bus.ask('POST /v2/alerts', anAlert({ target, until: later(bus, MINUTE_MS) }));
    assert.equal(await madeAt(), first);
    assert.equal((await waiting(bus))[0]?.value.until, later(bus, MINUTE_MS));
    await bus.ask('POST /v2/alerts', anAlert({ target, walk: 4 }));
    const second = await madeAt();
    assert.ok(second > first);
    await bus.ask('POST /v2/alerts', anAlert({ target, walk: 5 }));
    assert.ok((await madeAt()) > second, 'also within one millisecond');
  });

  it('makes one alert of requests that come at once', async () => {
    await using bus = await demo();
    const target = aTarget();
    const answers = await Promise.all([1, 2, 3].map(() => bus.ask('POST /v2/alerts', anAlert({ target }))));
    assert.deepEqual(
      answers.map(({ status }) => status).sort((a, b) => a - b),
      [200, 200, 201],
    );
    assert.equal((await waiting(bus)).length, 1);
  });

  it('names each field that breaks its rule', async () => {
    await using bus = await demo();
    const good = aTarget();
    const off = `B${'A'.repeat(86)}`;
    const cases: [object, string][] = [
      [{ stop: '9999' }, '/stop'],
      [{ service: '' }, '/service'],
      [{ service: '999' }, '/service'],
      [{ walk: -1 }, '/walk'],
      [{ walk: 121 }, '/walk'],
      [{ walk: 1.5 }, '/walk'],
      [{ walk: undefined }, '/walk'],
      [{ lead: 61 }, '/lead'],
      [{ lang: 'fr' }, '/lang'],
      [{ row: 'x' }, '/row'],
      [{ row: '44~1~1' }, '/row'],
      [{ row: '55~2~1' }, '/row'],
      [{ until: 'soon' }, '/until'],
      [{ until: later(bus, 0) }, '/until'],
      [{ until: later(bus, 240 * MINUTE_MS + 1) }, '/until'],
      [{ extra: 1 }, '/extra'],
      [{ target: aTarget('https://evil.example/a') }, '/target/endpoint'],
      [{ target: aTarget('http://fcm.googleapis.com/a') }, '/target/endpoint'],
      [{ target: { ...good, keys: { ...good.keys, p256dh: off } } }, '/target/keys/p256dh'],
      [{ target: { ...good, keys: { ...good.keys, p256dh: good.keys.p256dh.slice(1) } } }, '/target/keys/p256dh'],
      [{ target: { ...good, keys: { ...good.keys, auth: 'AAAA' } } }, '/target/keys/auth'],
    ];
    for (const [change, pointer] of cases) {
      const { status, body } = await bus.ask('POST /v2/alerts', anAlert(change));
      assert.deepEqual([status, body.errors?.[0]?.pointer], [422, pointer], JSON.stringify(change));
      assert.ok(!JSON.stringify(body).includes('evil.example'), 'what was sent is not told');
    }
    assert.deepEqual(await waiting(bus), []);
  });

  it('takes the row of a board, and advises by that row alone', async () => {
    await using bus = await createTestBus({ withoutLta: true });
    const board = await bus.ask('GET /v2/stops/99993/arrivals?service=7');
    for (const { id } of board.body.services) {
      const { status, body } = await bus.ask(
        'POST /v2/alerts',
        anAlert({ stop: '99993', service: '7', row: id, walk: 0 }),
      );
      assert.deepEqual([status, body.row], [201, id]);
      if (body.leave.bus) assert.equal(body.leave.bus.row, id);
    }
    assert.ok((await waiting(bus)).length >= 2, 'the two directions are two alerts');
  });

  it('knows the stops and what calls there by the lists, once they are loaded', async () => {
    await using bus = await createTestBus();
    const codes = Array.from({ length: 10 }, (_, index) => String(10_001 + index));
    const rows = {
      stops: codes.map((_, index) => stopRow(index)),
      services: ['2', '10e'].map((service) => serviceRow(service)),
      routes: ['2', '10e'].flatMap((service) => routeRows(service, codes)),
    };
    await publish({ store: bus.store, clock: bus.clock, from: 'file', rows, allowShrink: true });
    bus.lta.setArrivals('10004', arrivalBody('10004', []));
    const on = (stop: string, service: string) => bus.ask('POST /v2/alerts', anAlert({ stop, service }));
    const quiet = await on('10004', '10E');
    assert.deepEqual([quiet.status, quiet.body.service], [201, '10e'], 'as LTA writes it');
    assert.deepEqual([quiet.body.leave.decision, quiet.body.leave.bus], ['no_bus', null]);
    assert.equal((await on('10004', '99')).body.errors[0].pointer, '/service');
    assert.equal((await on('55555', '2')).body.errors[0].pointer, '/stop');
  });

  it('is taken while LTA is down, and asks for a key where nothing could ever be told', async () => {
    await using bus = await createTestBus();
    bus.lta.setArrivals('83139', arrivalBody('83139', [{ service: '15', etas: [bus.clock.now() + 20 * MINUTE_MS] }]));
    const known = await bus.ask('POST /v2/alerts', anAlert({ stop: '83139', service: '15' }));
    assert.deepEqual([known.status, known.body.leave.decision], [201, 'wait']);
    bus.lta.fail({ kind: 'answer', status: 500 }, { stop: '83140' });
    const blind = await bus.ask('POST /v2/alerts', anAlert({ stop: '83140', service: '15' }));
    assert.deepEqual([blind.status, blind.body.leave], [201, null]);
    await using without = await demo();
    const refused = await without.ask('POST /v2/alerts', anAlert({ stop: '83139', service: '15' }));
    assert.deepEqual([refused.status, refused.body.code], [503, 'not_configured']);
  });

  it('makes no more than sixty in a minute, and says when to come again', async () => {
    await using bus = await demo();
    let made = 0;
    for (let second = 0; second < 60; second++) {
      for (;;) {
        const { status, headers } = await bus.ask('POST /v2/alerts', anAlert());
        if (status === 429) {
          assert.ok(Number(headers.get('Retry-After')) >= 1);
          break;
        }
        made++;
      }
      await bus.clock.advance(999);
    }
    assert.ok(made <= 60 && made >= 45, String(made));
  });
});

describe('GET and DELETE /v2/alerts/{id}', () => {
  it('tell that it waits, and end that', async () => {
    await using bus = await demo();
    const { id } = (await bus.ask('POST /v2/alerts', anAlert())).body;
    const { status, body } = await bus.ask(`GET /v2/alerts/${id}`);
    assert.equal(status, 200);
    assert.deepEqual(alertState.strict().parse(body), body);
    assert.deepEqual([body.state, body.service, body.row], ['waiting', '55', null]);
    for (let time = 0; time < 2; time++) assert.equal((await bus.ask(`DELETE /v2/alerts/${id}`)).status, 204);
    assert.equal((await bus.ask(`GET /v2/alerts/${id}`)).status, 404);
    assert.deepEqual(await waiting(bus), []);
  });

  it('tell what became of it, also while it is in both places, and that it waits where it was asked for again', async () => {
    await using bus = await demo();
    const target = aTarget();
    const { id } = (await bus.ask('POST /v2/alerts', anAlert({ target }))).body;
    const [doc] = await waiting(bus);
    assert.ok(doc);
    const state = async () => (await bus.ask(`GET /v2/alerts/${id}`)).body.state;
    const ending = { state: 'sent', eta: later(bus, MINUTE_MS) } as const;
    await bus.store.commit([toldWrite(id, toldAlert(doc.value, ending, bus.clock.now()), undefined, bus.clock.now())]);
    assert.equal(await state(), 'sent');
    assert.equal((await bus.ask(`DELETE /v2/alerts/${id}`)).status, 204);
    const { body } = await bus.ask(`GET /v2/alerts/${id}`);
    assert.deepEqual([body.state, body.eta, body.at], ['sent', ending.eta, later(bus, 0)]);
    await bus.clock.advance(MINUTE_MS);
    assert.equal((await bus.ask('POST /v2/alerts', anAlert({ target }))).status, 201);
    assert.equal(await state(), 'waiting');
  });

  it('tell that its time is over before anybody has moved it', async () => {
    await using bus = await demo();
    const { id } = (await bus.ask('POST /v2/alerts', anAlert({ until: later(bus, MINUTE_MS) }))).body;
    await bus.clock.advance(MINUTE_MS);
    assert.equal((await bus.ask(`GET /v2/alerts/${id}`)).body.state, 'expired');
  });

  it('know no alert of another id, and refuse what is none', async () => {
    await using bus = await demo();
    assert.equal((await bus.ask(`GET /v2/alerts/${UNKNOWN}`)).status, 404);
    assert.equal((await bus.ask(`DELETE /v2/alerts/${UNKNOWN}`)).status, 204);
    for (const method of ['GET', 'DELETE']) assert.equal((await bus.ask(`${method} /v2/alerts/x`)).status, 422);
  });

  it('never answer, log or keep beside the alert where the browser is reached', async () => {
    await using bus = await demo();
    const wanted = anAlert();
    const headers = { 'Idempotency-Key': 'once' };
    const answers = [
      await bus.ask('POST /v2/alerts', wanted, headers),
      await bus.ask('POST /v2/alerts', wanted, headers),
    ];
    const { id } = answers[0]?.body ?? {};
    answers.push(await bus.ask(`GET /v2/alerts/${id}`), await bus.ask('POST /v2/alerts', { ...wanted, walk: 999 }));
    const kept = await Promise.all(['idempotency', ALERTS_TOLD].map((name) => bus.store.list(name, { limit: 100 })));
    const told = JSON.stringify([answers.map(({ body }) => body), bus.log.lines, kept]);
    for (const secret of [wanted.target.endpoint, wanted.target.keys.auth, wanted.target.keys.p256dh])
      assert.ok(!told.includes(secret));
  });
});
