/** The steps as Cloud Build runs them: processes of their own, with a program in place of gcloud, and a folder between them. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { MANIFEST } from '#functions/manifest.ts';

const SCRIPT = join(import.meta.dirname, '../release.ts');

/** It keeps what it was told in `told`, and has one service, `links`, whose traffic it moves. */
const GCLOUD = `#!${process.execPath}
const fs = require('node:fs');
const [, noun, verb, name] = process.argv.slice(2);
const state = JSON.parse(fs.readFileSync(process.env.STATE, 'utf8'));
const flag = (wanted) => process.argv.find((arg) => arg.startsWith('--' + wanted + '='))?.slice(wanted.length + 3);
const service = () => ({
  metadata: { name: 'links', annotations: { 'run.googleapis.com/ingress': 'all' } },
  status: { url: state.url, traffic: [{ revisionName: state.serving, percent: 100 }, { tag: 'candidate', url: state.url + '/candidate' }] },
});
if (noun === 'jobs' && verb === 'list') console.log('[{"metadata":{"name":"hawker-migrate"}}]');
else if (verb === 'list') console.log(JSON.stringify([service()]));
else if (verb === 'describe') console.log(JSON.stringify(service()));
else {
  state.told.push(process.argv.slice(2).join(' '));
  if (verb === 'update' && noun === 'services') state.latest = 'links-' + flag('revision-suffix');
  if (verb === 'update-traffic') state.serving = flag('to-revisions')?.split('=')[0] ?? state.latest;
  fs.writeFileSync(process.env.STATE, JSON.stringify(state));
}
`;

interface State {
  told: string[];
  serving: string;
  url: string;
}

async function begin(t: TestContext, status: (path: string) => number) {
  const folder = mkdtempSync(join(tmpdir(), 'hawker-release-'));
  const server = createServer((request, response) => {
    response.writeHead(status(request.url ?? ''), { 'X-Request-Id': 'r', Connection: 'close' }).end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    rmSync(folder, { recursive: true });
  });
  for (const file of ['Dockerfile', 'package-lock.json']) writeFileSync(join(folder, file), '');
  for (const { name } of MANIFEST) {
    mkdirSync(join(folder, '.release/image/dist', name), { recursive: true });
    writeFileSync(join(folder, '.release/image/dist', name, 'index.js'), name);
  }
  writeFileSync(join(folder, '.release/image-name'), 'registry.example/hawker@sha256:1\n');
  const gcloud = join(folder, 'gcloud');
  writeFileSync(gcloud, GCLOUD);
  chmodSync(gcloud, 0o755);
  const stateFile = join(folder, 'state.json');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  writeFileSync(stateFile, JSON.stringify({ told: [], serving: 'links-00001-abc', url }));
  const release = async (...args: string[]) => {
    const child = spawn(process.execPath, [SCRIPT, ...args], {
      cwd: folder,
      env: { PATH: process.env['PATH'], GCLOUD_PATH: gcloud, STATE: stateFile },
      timeout: 90_000,
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
    const [code] = (await once(child, 'close')) as [number];
    return { code, output };
  };
  const place = ['--project=demo', '--region=asia-southeast1'];
  return {
    release: (...args: string[]) => release(...args, ...place),
    bare: release,
    state: () => JSON.parse(readFileSync(stateFile, 'utf8')) as State,
  };
}

describe('node scripts/release.ts', () => {
  it('releases what changed, and does nothing the second time', async (t) => {
    const { release, state } = await begin(t, () => 401);
    const found = await release('changed');
    assert.equal(found.code, 0, found.output);
    assert.match(found.output, /^changed: links; as before: nothing\nwithout a service, .*redirects/);
    assert.match((await release('candidate', 'bus')).output, /^bus: as before\n$/);
    const tried = await release('candidate', 'links', '--build=1234-5678');
    assert.deepEqual([tried.code, tried.output], [0, 'links: its candidate answers\n']);
    assert.equal(state().serving, 'links-00001-abc');
    const moved = await release('traffic');
    assert.deepEqual([moved.code, moved.output], [0, 'links: has its traffic\n']);
    assert.match(state().serving, /^links-c[0-9a-f]{12}-12345678$/);
    assert.deepEqual(
      state().told.map((line) => line.split(' ').slice(0, 4).join(' ')),
      ['run services update links', 'run services update-traffic links', 'run jobs update hawker-migrate'],
    );
    assert.match((await release('changed')).output, /^changed: nothing; as before: links\n/);
    assert.equal((await release('traffic')).code, 0);
    assert.equal(state().told.filter((line) => line.includes('services')).length, 2);
  });

  it('moves nothing where it is called wrongly', async (t) => {
    const { release, bare, state } = await begin(t, () => 200);
    assert.equal((await release('changed')).code, 0);
    for (const args of [
      ['candidate'],
      ['candidate', 'nothing'],
      ['traffic', 'links'],
      ['back'],
      [],
      ['changed', '--force'],
    ]) {
      const { code, output } = await release(...args);
      assert.equal(code, 2, args.join(' '));
      assert.match(output, /^release: [^\n]+\n$/);
    }
    assert.equal((await bare('changed')).code, 2);
    assert.deepEqual(state().told, []);
  });
});
