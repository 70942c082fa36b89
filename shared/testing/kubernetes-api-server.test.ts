/** kubectl, which knows nothing of Hawker, takes the fake for a cluster: so what passes against it would pass against one. */
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { Agent, get } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { after, before, beforeEach, describe, it } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { type KubernetesApiServer, startKubernetesApiServer } from './kubernetes-api-server.ts';
import type { Lease } from './kubernetes-leases.ts';
import { guardAgainstLeaks } from './leak-guard.ts';

const kubectlPath = process.env['KUBECTL_PATH'] ?? '/usr/bin/kubectl';
const skip = !existsSync(kubectlPath) && `needs kubectl at KUBECTL_PATH; there is none at ${kubectlPath}`;

guardAgainstLeaks();

describe('the fake Kubernetes API server, to kubectl', { skip, timeout: 100_000 }, () => {
  let server: KubernetesApiServer;
  let folder: string;
  before(async () => {
    server = await startKubernetesApiServer();
    folder = await mkdtemp(join(tmpdir(), 'hawker-kubectl-'));
  });
  after(async () => {
    await server?.close();
    await rm(folder, { recursive: true, force: true });
  });

  let name: string;
  let count = 0;
  beforeEach(() => {
    name = `app-${++count}`;
  });

  const argsOf = (args: string[]) => [
    ...[`--server=https://127.0.0.1:${server.port}`, `--certificate-authority=${join(server.folder, 'ca.crt')}`],
    ...[
      `--cache-dir=${join(folder, 'cache')}`,
      '--kubeconfig=/dev/null',
      '--token=first-token',
      '-n',
      server.namespace,
    ],
    ...args,
  ];
  const kubectl = (...args: string[]) =>
    new Promise<{ ok: boolean; output: string }>((resolve) => {
      execFile(kubectlPath, argsOf(args), { timeout: 30_000 }, (error, stdout, stderr) =>
        resolve({ ok: error === null, output: `${stdout}${stderr}` }),
      );
    });
  const succeed = async (...args: string[]) => {
    const { ok, output } = await kubectl(...args);
    assert.ok(ok, output);
    return output;
  };
  const fail = async (reason: RegExp, ...args: string[]) => {
    const { ok, output } = await kubectl(...args);
    assert.equal(ok, false, output);
    assert.match(output, reason);
  };
  const manifest = async (spec: object, metadata: object = {}) => {
    const path = join(folder, `${name}.json`);
    const lease = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name, ...metadata }, spec };
    await writeFile(path, JSON.stringify(lease));
    return path;
  };
  const create = async (spec: object) => succeed('create', '--validate=false', '-f', await manifest(spec));
  const SPEC = { holderIdentity: 'a', leaseDurationSeconds: 15, renewTime: '2026-01-02T03:04:05.000006Z' };

  it('creates, gets, describes and deletes', async () => {
    assert.match(await create(SPEC), /created/);
    const found = JSON.parse(await succeed('get', 'lease', name, '-o', 'json')) as { metadata: object; spec: object };
    assert.deepEqual(found.spec, SPEC);
    assert.match(await succeed('get', 'leases'), new RegExp(name));
    assert.match(await succeed('describe', 'lease', name), /Holder Identity:\s+a\n/);
    await fail(/AlreadyExists/, 'create', '--validate=false', '-f', await manifest(SPEC));
    assert.match(await succeed('delete', 'lease', name), /deleted/);
    await fail(/NotFound.*not found/, 'get', 'lease', name);
  });

  it('replaces at the version that stands, and no other', async () => {
    await create(SPEC);
    const before = await succeed('get', 'lease', name, '-o', 'jsonpath={.metadata.resourceVersion}');
    const next = await manifest({ ...SPEC, holderIdentity: 'b' }, { resourceVersion: before });
    assert.match(await succeed('replace', '--validate=false', '-f', next), /replaced/);
    await fail(/Conflict.*the object has been modified/, 'replace', '--validate=false', '-f', next);
  });

  it('patches, labels and annotates', async () => {
    await create(SPEC);
    await succeed('patch', 'lease', name, '--type=merge', '-p', '{"spec":{"holderIdentity":"b"}}');
    await succeed('label', 'lease', name, 'team=noodles');
    await succeed('annotate', 'lease', name, 'note=by hand');
    const { metadata, spec } = server.leases.get(server.namespace, name);
    assert.deepEqual([metadata['labels'], metadata['annotations']], [{ team: 'noodles' }, { note: 'by hand' }]);
    assert.deepEqual(spec, { ...SPEC, holderIdentity: 'b' });
  });

  const until = async (holds: () => boolean) => {
    while (!holds()) await setTimeout(10);
  };

  it('shows changes to who watches', async () => {
    await create(SPEC);
    const args = argsOf(['get', 'lease', name, '-w', '-o', 'jsonpath={.spec.holderIdentity}{"\\n"}']);
    const child = spawn(kubectlPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    const ended = new Promise((resolve) => child.once('close', resolve));
    const seen: string[] = [];
    for await (const line of createInterface({ input: child.stdout })) {
      seen.push(line);
      if (seen.length === 3) break;
      // What changes between kubectl's look and its watch is not shown.
      await until(() => server.requests.some((request) => request.includes('watch=') && request.includes(name)));
      const { spec, ...rest } = server.leases.get(server.namespace, name);
      server.leases.replace(server.namespace, name, { ...rest, spec: { ...spec, holderIdentity: `${line}${line}` } });
    }
    child.kill();
    await ended;
    assert.deepEqual(seen, ['a', 'aa', 'aaaa']);
  });

  it('refuses times without six digits, durations below a second, and whom it does not know', async () => {
    for (const renewTime of ['2026-01-02T03:04:05.006Z', '2026-01-02T03:04:05Z', '2026-01-02T03:04:05.000000006Z'])
      await fail(/BadRequest.*parsing time/, ...creating, await manifest({ ...SPEC, renewTime }));
    for (const wrong of [{ leaseDurationSeconds: 0 }, { leaseTransitions: -1 }, { preferredHolder: 'b' }])
      await fail(/is invalid:.*spec\./s, ...creating, await manifest({ ...SPEC, ...wrong }));
    await fail(/BadRequest.*int32/, ...creating, await manifest({ ...SPEC, leaseDurationSeconds: 1.5 }));
    server.accept('another-token');
    await fail(/Unauthorized/, 'get', 'leases');
    server.accept('first-token');
    server.forbid('list');
    await fail(/Forbidden.*cannot list resource "leases"/, 'get', 'leases');
    server.forbid();
  });
  const creating = ['create', '--validate=false', '-f'];
});

describe('the fake Kubernetes API server, beyond kubectl', () => {
  let server: KubernetesApiServer;
  before(async () => {
    server = await startKubernetesApiServer();
  });
  after(() => server?.close());

  const lease = (name: string, holderIdentity: string): object => ({
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { name },
    spec: { holderIdentity },
  });

  it('has one version for all objects, which only a change moves on', () => {
    const { leases } = server;
    const one = leases.create('stalls', lease('one', 'a'));
    const two = leases.create('stalls', lease('two', 'a'));
    assert.equal(Number(two.metadata.resourceVersion), Number(one.metadata.resourceVersion) + 1);
    assert.equal(leases.replace('stalls', 'one', one).metadata.resourceVersion, one.metadata.resourceVersion);
    const gone = leases.remove('stalls', 'one');
    assert.throws(() => leases.replace('stalls', 'one', one), { code: 409, reason: 'Conflict' });
    const again = leases.create('stalls', lease('one', 'b'));
    assert.ok(Number(again.metadata.resourceVersion) > Number(gone.metadata.resourceVersion));
    assert.throws(() => leases.replace('stalls', 'one', one), /Precondition failed: UID/);
    const { resourceVersion: _none, ...metadata } = again.metadata;
    assert.throws(() => leases.replace('stalls', 'one', { ...again, metadata }), { code: 422 });
  });

  it('shows a watch what has happened since a version, ends it with a bookmark, and refuses one that is too old', async () => {
    const { leases, folder } = server;
    const ca = await readFile(join(folder, 'ca.crt'));
    const agent = new Agent({ ca });
    const watch = async (version: string) => {
      const search = `watch=1&timeoutSeconds=1&allowWatchBookmarks=true&resourceVersion=${version}&fieldSelector=metadata.name%3Dthree`;
      const path = `/apis/coordination.k8s.io/v1/namespaces/stalls/leases?${search}`;
      const headers = { Authorization: 'Bearer first-token' };
      const request = get({ host: '127.0.0.1', port: server.port, path, agent, headers });
      const [response] = (await once(request, 'response')) as [IncomingMessage];
      const lines = (await text(response)).trim().split('\n');
      type Line = { type?: string; object?: Lease; code?: number };
      return { status: response.statusCode, lines: lines.map((line) => JSON.parse(line) as Line) };
    };
    const made = leases.create('stalls', lease('three', 'a'));
    const from = made.metadata.resourceVersion;
    const changed = leases.merge('stalls', 'three', { spec: { holderIdentity: 'b' } });
    leases.create('stalls', lease('four', 'a'));
    leases.remove('stalls', 'three');
    const { status, lines } = await watch(from);
    assert.equal(status, 200);
    assert.deepEqual(
      lines.map(({ type }) => type),
      ['MODIFIED', 'DELETED', 'BOOKMARK'],
    );
    assert.deepEqual(lines[0]?.object, changed);
    assert.equal(lines[2]?.object?.metadata.resourceVersion, String(leases.version));
    leases.compact();
    const late = await watch(from);
    assert.deepEqual([late.status, late.lines[0]?.code], [410, 410]);
    agent.destroy();
  });
});
