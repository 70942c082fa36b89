import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { sampleNetwork } from '#shared/bus/sample.ts';
import { createFakeClock } from '#shared/testing/fake-clock.ts';
import { boardHeaders, listAnswer, listMeta, notModified, qualityOf } from './answer.ts';
import { metaSchema } from './answers.ts';
import { aBoard } from './rig.ts';
import { createTestBus, type TestBus } from './testing.ts';

const ARRIVALS = '/v2/stops/99999/arrivals';

const get = ({ instance }: TestBus, path: string, headers: Record<string, string> = {}, method = 'GET') =>
  instance.fetch(new Request(`http://bus.example${path}`, { method, headers }));

describe('answers to pages of any origin', () => {
  it('may be read, refusals among them, and the compact form too', async () => {
    await using bus = await createTestBus({ withoutLta: true });
    for (const [path, status] of [
      [ARRIVALS, 200],
      ['/v2/stops/83139/arrivals', 503],
      ['/v2/stops/x/arrivals', 422],
      ['/v2/nothing', 404],
      ['/v2/gtfs-rt?stop=99999', 200],
      ['/api/lta-datamall/v1/bus-arrival?bus-stop-id=99999', 200],
      ['/api/lta-datamall/v1/bus-arrival', 400],
    ] as const) {
      const { status: got, headers } = await get(bus, path);
      assert.equal(got, status, path);
      assert.equal(headers.get('Access-Control-Allow-Origin'), '*', path);
      assert.match(headers.get('Access-Control-Expose-Headers') ?? '', /X-Data-Age.*Retry-After.*ETag.*X-Request-Id/);
      assert.equal(headers.get('Access-Control-Allow-Credentials'), null);
    }
    const refused = await get(bus, ARRIVALS, {}, 'DELETE');
    assert.deepEqual([refused.status, refused.headers.get('Allow')], [405, 'GET, HEAD']);
    assert.equal(refused.headers.get('Access-Control-Allow-Origin'), '*');
  });

  it('are asked for with a preflight, which is answered wherever it is sent', async () => {
    await using bus = await createTestBus({ withoutLta: true });
    const ask = { Origin: 'https://a.example', 'Access-Control-Request-Method': 'POST' };
    const { status, headers } = await get(bus, '/v2/alerts', ask, 'OPTIONS');
    assert.equal(status, 204);
    assert.equal(headers.get('Access-Control-Allow-Origin'), '*');
    assert.match(headers.get('Access-Control-Allow-Methods') ?? '', /GET, HEAD, POST, DELETE/);
    assert.match(headers.get('Access-Control-Allow-Headers') ?? '', /Last-Event-ID/);
    assert.match(headers.get('Access-Control-Max-Age') ?? '', /^\d+$/);
    assert.equal((await get(bus, ARRIVALS, {}, 'OPTIONS')).status, 405, 'not a preflight');
  });
});

describe('gzip', () => {
  it('is for JSON of 1 KiB and more, to those who take it', async () => {
    await using bus = await createTestBus({ withoutLta: true });
    const packed = await get(bus, ARRIVALS, { 'Accept-Encoding': 'br, gzip;q=0.8' });
    assert.equal(packed.headers.get('Content-Encoding'), 'gzip');
    assert.match(packed.headers.get('Vary') ?? '', /Accept.*Accept-Encoding/);
    assert.ok(packed.headers.has('X-Request-Id'));
    const text = gunzipSync(Buffer.from(await packed.arrayBuffer())).toString('utf8');
    const plain = await get(bus, ARRIVALS);
    assert.equal(await plain.text(), text);
    assert.ok(text.length > 1024);
    assert.match(plain.headers.get('Vary') ?? '', /Accept-Encoding/);
    for (const [path, accepts] of [
      [ARRIVALS, 'identity'],
      [ARRIVALS, 'gzip;q=0'],
      [ARRIVALS, 'gzip;q=0, *'],
      [`${ARRIVALS}?format=text`, 'gzip'],
      ['/v2/gtfs-rt?stop=99999', 'gzip'],
      ['/v2/stops/x/arrivals', 'gzip'],
    ] as const) {
      const answer = await get(bus, path, { 'Accept-Encoding': accepts });
      assert.equal(answer.headers.get('Content-Encoding'), null, `${path} ${accepts}`);
      assert.ok((await answer.arrayBuffer()).byteLength > 0);
    }
  });
});

describe('how long a board may be kept', () => {
  const cache = (...given: Parameters<typeof aBoard>) => boardHeaders(aBoard(...given).meta)['Cache-Control'];

  it('is until LTA has a new one, 10 seconds at most, and not at all when it is old or made from nothing', () => {
    assert.equal(cache([], {}), 'public, max-age=0, s-maxage=10');
    assert.equal(cache([], { now: '2026-01-08T04:00:12.400Z' }), 'public, max-age=0, s-maxage=7');
    assert.equal(cache([], { now: '2026-01-08T04:00:19.500Z' }), 'no-store');
    assert.equal(cache([], { now: '2026-01-08T04:01:00.000Z' }), 'no-store');
    assert.equal(cache([], { stale: true }), 'no-store');
    assert.equal(cache([], { upstream: { status: 'failing', reason: 'timeout' } }), 'no-store');
    assert.equal(cache([], { fetchedAt: null, age: null }), 'no-store');
  });
});

describe('an answer from the lists alone', () => {
  const clock = createFakeClock(Date.parse('2026-01-08T04:00:00Z'));
  const network = sampleNetwork();
  const answer = (ifNoneMatch?: string, also?: string) =>
    listAnswer(network, { meta: listMeta(network, clock) }, { ifNoneMatch, ...(also !== undefined && { also }) });

  it('says that the sample is a demo, and how old a real list is', () => {
    const demo = listMeta(network, clock);
    assert.deepEqual(metaSchema.strict().parse(demo), demo);
    assert.deepEqual([demo.source, demo.lists.source, demo.upstream.status], ['demo', 'sample', 'none']);
    const stops = { from: 'file' as const, at: '2026-01-08T03:59:00Z', rows: 1 };
    const real = listMeta({ ...network, version: 'v2', sources: { stops } }, clock);
    assert.deepEqual([real.source, real.age, real.lists.version], ['list', 60, 'v2']);
    const none = listMeta({ ...network, sources: {} }, clock);
    assert.deepEqual([none.source, none.age, none.fetchedAt], ['demo', null, null]);
  });

  it('is 304 to those who have it, until a publication or what else it depends on changes', async () => {
    const first = answer();
    assert.equal(first.status, 200);
    assert.equal(first.headers.get('Cache-Control'), 'public, max-age=300');
    const tag = first.headers.get('ETag') ?? '';
    assert.match(tag, /^W\/"/);
    const again = answer(`"x", ${tag}`);
    assert.equal(again.status, 304);
    assert.equal(await again.text(), '');
    assert.equal(again.headers.get('ETag'), tag);
    assert.equal(answer('W/"x"').status, 200);
    assert.equal(answer(tag, '2026-01-08').status, 200);
  });

  it('counts time only where no tag is asked for', () => {
    const told = { ETag: '"a"', 'Last-Modified': 'Thu, 08 Jan 2026 04:00:00 GMT' };
    const known = (headers: Record<string, string>) => notModified(new Headers(headers), told);
    assert.equal(known({}), false);
    assert.equal(known({ 'If-None-Match': '*' }), true);
    assert.equal(known({ 'If-None-Match': 'W/"a"' }), true);
    assert.equal(known({ 'If-Modified-Since': 'Thu, 08 Jan 2026 04:00:00 GMT' }), true);
    assert.equal(known({ 'If-Modified-Since': 'Thu, 08 Jan 2026 03:59:59 GMT' }), false);
    assert.equal(known({ 'If-Modified-Since': 'nonsense' }), false);
    assert.equal(known({ 'If-None-Match': '"b"', 'If-Modified-Since': 'Thu, 08 Jan 2026 04:00:00 GMT' }), false);
  });
});

describe('the weight of a name in an Accept-like header', () => {
  it('is what the most specific part says, 1 where it says nothing', () => {
    const names = ['text/plain', 'text/*', '*/*'];
    for (const [header, weight] of [
      ['text/plain', 1],
      ['TEXT/Plain;charset=utf-8 ; Q=0.25', 0.25],
      ['text/*;q=0.5,*/*', 0.5],
      ['text/plain;q=0, */*', 0],
      ['text/html', 0],
      ['*/*;q=abc', 0],
      ['', 0],
    ] as const)
      assert.equal(qualityOf(header, names), weight, header);
  });
});
