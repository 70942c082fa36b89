import assert from 'node:assert/strict';
import { rm, writeFile } from 'node:fs/promises';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { systemClock } from '../clock.ts';
import { createFakeClock } from '../testing/fake-clock.ts';
import { guardAgainstLeaks } from '../testing/leak-guard.ts';
import { openKubernetesRecords } from './kubernetes-records.ts';
import { aTerm, createKubernetesRig, type KubernetesRig } from './kubernetes-rig.ts';
import { recordsContract } from './records.contract.ts';

guardAgainstLeaks();
recordsContract({ name: 'Kubernetes', open: () => createKubernetesRig() });

describe('Kubernetes lease records', () => {
  let rig: KubernetesRig;
  let name: string;
  let count = 0;
  before(async () => {
    rig = await createKubernetesRig();
  });
  after(() => rig?.close());
  beforeEach(() => {
    name = `app-${++count}`;
    rig.server.requests.length = 0;
  });
  const take = (record = aTerm()) => rig.records.write(name, { kind: 'take', record });
  const renewal = (expects: string, renewals = 1) =>
    ({ kind: 'renew', expects, record: aTerm({ renewals, fence: expects }) }) as const;
  const methods = () => rig.server.requests.map((request) => request.split(' ')[0]);

  it('are renewed by one PUT each, and released by another', async () => {
    const fence = await take();
    const first = await rig.records.write(name, renewal(fence));
    const second = await rig.records.write(name, renewal(first, 2));
    await rig.records.write(name, { kind: 'free', expects: second, record: aTerm({ holder: '', fence }) });
    assert.deepEqual(methods(), ['POST', 'PUT', 'PUT', 'PUT']);
  });

  it('are looked up before a write over a version that this process has not seen last', async () => {
    const fence = await take();
    const other = await rig.another();
    await other.write(name, renewal(fence));
    assert.deepEqual(methods(), ['POST', 'GET', 'PUT']);
    await assert.rejects(rig.records.write(name, renewal(fence, 2)), { code: 'conflict' });
    await assert.rejects(rig.records.write(name, renewal(fence, 3)), { code: 'conflict' });
    assert.deepEqual(methods(), ['POST', 'GET', 'PUT', 'PUT', 'PUT']);
  });

  it('keep what others have put into the object', async () => {
    const { leases, namespace } = rig.server;
    const metadata = { name, labels: { team: 'noodles' }, ownerReferences: [{ uid: 'o' }] };
    leases.create(namespace, {
      ...{ apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata },
      spec: { strategy: 'OldestEmulationVersion', preferredHolder: 'x' },
    });
    const found = await rig.records.read(name);
    assert.equal(found?.record.holder, '');
    await rig.records.write(name, {
      kind: 'take',
      ...(found && { expects: found.version }),
      record: aTerm({ term: 2 }),
    });
    const { metadata: after, spec } = leases.get(namespace, name);
    assert.deepEqual([after['labels'], after['ownerReferences']], [{ team: 'noodles' }, [{ uid: 'o' }]]);
    const { strategy, preferredHolder, leaseTransitions } = spec;
    assert.deepEqual(
      { strategy, preferredHolder, leaseTransitions },
      { strategy: 'OldestEmulationVersion', preferredHolder: 'x', leaseTransitions: 1 },
    );
  });

  it('know their own work again when the answer was lost', async () => {
    for (const kind of ['lose answer', 'cut answer'] as const) {
      name = `lost-${kind.replace(' ', '-')}`;
      // On a connection of its own: on one that was open the write is repeated, and then refused.
      rig.server.next('POST', { kind });
      await assert.rejects(take(), (error: Error & { code?: string }) =>
        /outcome_unknown|conflict/.test(error.code ?? ''),
      );
      const found = await rig.records.read(name);
      assert.deepEqual(found?.record, aTerm());
      rig.server.next('PUT', { kind });
      await assert.rejects(rig.records.write(name, renewal(found?.version ?? '')));
      assert.equal((await rig.records.read(name))?.record.renewals, 1);
    }
  });

  it('are written over a new connection when the open one had been closed', async () => {
    await take();
    rig.server.next('GET', { kind: 'lose request' });
    assert.deepEqual((await rig.records.read(name))?.record, aTerm());
    for (const _ of [1, 2]) rig.server.next('GET', { kind: 'lose request' });
    await assert.rejects(rig.records.read(name), { code: 'unavailable' });
  });

  it('are refused under names that Kubernetes does not take, and versions that are no numbers', async () => {
    for (const wrong of ['Upper', 'a_b', '-a', 'a-', 'a..b', 'a.-b', '', 'a'.repeat(201)]) {
      await assert.rejects(rig.records.read(wrong), { code: 'invalid' });
      await assert.rejects(rig.records.write(wrong, { kind: 'take', record: aTerm() }), { code: 'invalid' });
    }
    assert.deepEqual(rig.server.requests, []);
    for (const wrong of ['', '0', '-1', '1.5', 'abc', '0x10', '1e3', String(2 ** 53)])
      assert.throws(() => rig.records.tokenOf(wrong), { code: 'invalid' }, wrong);
    assert.equal(rig.records.tokenOf('9007199254740991'), Number.MAX_SAFE_INTEGER);
  });

  it('number terms higher after the object was deleted', async () => {
    const before = rig.records.tokenOf(await take());
    rig.server.leases.remove(rig.server.namespace, name);
    assert.equal(await rig.records.read(name), undefined);
    await assert.rejects(rig.records.write(name, renewal(String(before))), { code: 'conflict' });
    assert.ok(rig.records.tokenOf(await take()) > before);
  });

  it('learn of a deletion from the write itself', async () => {
    const fence = await take();
    rig.server.leases.remove(rig.server.namespace, name);
    await assert.rejects(rig.records.write(name, renewal(fence)), { code: 'conflict' });
  });

  it('are listed beyond the pages of the server', async () => {
    const many = await createKubernetesRig();
    const names = Array.from({ length: 230 }, (_, n) => `app-${String(n).padStart(3, '0')}`);
    for (const each of names)
      many.server.leases.create('stalls', {
        apiVersion: 'coordination.k8s.io/v1',
        kind: 'Lease',
        metadata: { name: each },
      });
    assert.deepEqual(await many.records.list({ limit: 300 }), { names });
    assert.deepEqual(await many.records.list({ after: 'app-099', limit: 120 }), {
      names: names.slice(100, 220),
      next: 'app-219',
    });
    assert.deepEqual(await many.records.list({ after: 'app-219', limit: 10 }), { names: names.slice(220) });
    await many.close();
  });

  it('name the rule that a role is missing', async () => {
    await take();
    const attempts = {
      get: () => rig.records.read(name),
      list: () => rig.records.list({ limit: 1 }),
      create: () => rig.records.write(`${name}-b`, { kind: 'take', record: aTerm() }),
      update: async () =>
        rig.records.write(name, renewal(rig.server.leases.get('stalls', name).metadata.resourceVersion)),
    };
    for (const [verb, attempt] of Object.entries(attempts)) {
      rig.server.forbid(verb);
      const rule = new RegExp(`Role in the namespace "stalls" .*resources: \\["leases"\\], verbs: \\["${verb}"\\]`);
      await assert.rejects(attempt, { code: 'unavailable', message: rule });
    }
    rig.server.forbid();
  });

  it('trust no answer', async () => {
    const lease = (given: object) => ({ apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', ...given });
    const metadata = { name, resourceVersion: '7' };
    const answers: [number, unknown][] = [
      [200, '<html>Sign in</html>'],
      [200, ''],
      [200, 'null'],
      [200, '[]'],
      [200, JSON.stringify(lease({ metadata })).slice(0, -1)],
      [200, { kind: 'Status', apiVersion: 'v1', status: 'Failure', code: 404, reason: 'NotFound' }],
      [200, lease({ kind: 'Pod', metadata })],
      [200, lease({ apiVersion: 'v1', metadata })],
      [200, lease({})],
      [200, lease({ metadata: { name } })],
      [200, lease({ metadata: { name, resourceVersion: 7 } })],
      [200, lease({ metadata: { ...metadata, name: 'another' } })],
      [200, lease({ metadata, spec: 'none' })],
      [200, `${JSON.stringify(lease({ metadata }))}${' '.repeat(5 * 1024 * 1024)}`],
      [204, ''],
      [302, ''],
      [404, '404 page not found'],
      [404, { kind: 'Status', reason: 'NotFound', details: { kind: 'namespaces', name } }],
      [404, { kind: 'Status', reason: 'NotFound', details: { kind: 'leases', name: 'another' } }],
      [500, 'oh no'],
      [503, ''],
    ];
    for (const [status, answer] of answers) {
      const body = typeof answer === 'string' ? answer : JSON.stringify(answer);
      rig.server.next('GET', { kind: 'answer', status, body });
      await assert.rejects(rig.records.read(name), { code: 'unavailable' }, `${status} ${body.slice(0, 80)}`);
    }
    const unknown = JSON.stringify(lease({ metadata: { name, resourceVersion: 'abc' } }));
    rig.server.next('GET', { kind: 'answer', status: 200, body: unknown });
    await assert.rejects(rig.records.read(name), { code: 'invalid' });
    rig.server.next('GET', { kind: 'cut answer' });
    await take();
    await assert.rejects(rig.records.read(name), { code: 'unavailable' });
  });

  it('do not take an answer for their own write that says something else', async () => {
    const fence = await take();
    const other = { ...rig.server.leases.get('stalls', name) };
    rig.server.next('PUT', { kind: 'answer', status: 200, body: JSON.stringify(other) });
    await assert.rejects(rig.records.write(name, renewal(fence)), { code: 'outcome_unknown' });
    rig.server.next('PUT', { kind: 'answer', status: 504, body: 'Gateway Timeout' });
    await assert.rejects(rig.records.write(name, renewal(fence)), { code: 'outcome_unknown' });
  });

  it('wait as long as the server asks them to, where that is not too long', async () => {
    await take();
    const busy = (status: number, after: string) =>
      rig.server.next('GET', { kind: 'answer', status, headers: { 'Retry-After': after }, body: '{}' });
    busy(429, '1');
    busy(503, new Date(Date.now() - 5_000).toUTCString());
    assert.deepEqual((await rig.records.read(name))?.record, aTerm());
    assert.deepEqual(methods(), ['POST', 'GET', 'GET', 'GET']);
    for (const after of ['60', 'soon', new Date(Date.now() + 60_000).toUTCString()]) {
      busy(429, after);
      await assert.rejects(rig.records.read(name), { code: 'unavailable', message: /429/ });
    }
    assert.equal(methods().length, 7);
  });

  it('read a token again that is not accepted any more, and repeat the request once', async () => {
    await take();
    rig.server.accept('second-token');
    await assert.rejects(rig.records.read(name), { code: 'unavailable', message: /service account token/ });
    assert.deepEqual(methods(), ['POST', 'GET', 'GET']);
    await rig.server.mount();
    assert.deepEqual((await rig.records.read(name))?.record, aTerm());
    assert.deepEqual(methods(), ['POST', 'GET', 'GET', 'GET', 'GET']);
  });

  it('read the CA again when the certificate is of another', async () => {
    await take();
    rig.server.changeCa();
    await assert.rejects(rig.records.read(name), { code: 'unavailable', message: /is not trusted/ });
    await rig.server.mount();
    assert.deepEqual((await rig.records.read(name))?.record, aTerm());
  });
});

describe('Kubernetes lease records in time', () => {
  it('use a token for a minute at most, and give up a server that says nothing', async () => {
    const clock = createFakeClock();
    const rig = await createKubernetesRig({ clock });
    await rig.records.write('app', { kind: 'take', record: aTerm() });
    rig.server.accept('second-token');
    await rig.server.mount();
    await clock.advance(60_000);
    rig.server.requests.length = 0;
    await rig.records.read('app');
    // Had it been the old one, it would have been refused first.
    assert.equal(rig.server.requests.length, 1);
    await rm(join(rig.server.folder, 'token'));
    await clock.advance(60_000);
    assert.ok(await rig.records.read('app'), 'the last token is still good');
    assert.equal(rig.log.lines.filter(({ severity }) => severity === 'WARNING').length, 1);

    rig.server.next('GET', { kind: 'stall' });
    const asked = rig.server.requests.length;
    const reading = assert.rejects(rig.records.read('app'), {
      code: 'unavailable',
      message: /no answer within 3000 ms/,
    });
    while (rig.server.requests.length === asked) await new Promise(setImmediate);
    await clock.advance(3_000);
    await reading;
    await rig.close();
  });

  it('do not besiege a server that asks to be left alone for no time at all', async (test) => {
    const rig = await createKubernetesRig();
    test.after(rig.close);
    const busy = { kind: 'answer', status: 429, headers: { 'Retry-After': '0' }, body: '{}' } as const;
    for (let n = 0; n < 50; n++) rig.server.next('GET', busy);
    await assert.rejects(rig.records.read('app'), { code: 'unavailable', message: /429/ });
  });

  const ipv6 = Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === '::1'));
  it('reach a server at an IPv6 address', { skip: ipv6 ? false : 'this machine has no ::1' }, async () => {
    for (const host of ['::1', '[::1]']) {
      const rig = await createKubernetesRig({ host });
      assert.equal(await rig.records.read('app'), undefined);
      await rig.close();
    }
  });

  it('need a service account', async () => {
    const folder = join(tmpdir(), 'hawker-no-such-folder');
    const parts = { store: undefined as never, clock: systemClock, log: undefined as never };
    await assert.rejects(openKubernetesRecords({ host: 'h', port: '1', folder, ...parts }), {
      name: 'ConfigError',
      message: /automountServiceAccountToken/,
    });
    const rig = await createKubernetesRig();
    await writeFile(join(rig.server.folder, 'token'), '\n');
    await assert.rejects(rig.another(), { name: 'ConfigError', message: /token is empty/ });
    await rig.close();
  });
});
