/** A profile that an admin asks for, of a real process: what is recorded, what is said, and who is refused. */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { ADMIN_KEY, type Ask, type Hawker, send, startHawker, until } from '../support/hawker.ts';

const CALL = '/diagnostics/v1/profiles';

interface Profile {
  nodes: { callFrame: { functionName: string } }[];
  samples: number[];
  'x-hawker': {
    startedAt: string;
    endedAt: string;
    invocations: { function: string; route: string; invocations: number; ms: number }[];
  };
}

interface Problem {
  code: string;
  detail: string;
  errors?: { pointer: string }[];
}

const call = (hawker: Hawker, body: object, more: Ask = {}) => hawker.ask(CALL, { method: 'POST', body, ...more });

describe('a call for a profile', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'hawker-recordings-'));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));
  /** As soon as it is whole. */
  const recorded = (file: string) =>
    until(
      async () => readdirSync(folder),
      (files) => files.includes(file),
      20_000,
    );

  it('records where the CPU goes, beside which functions and routes were busy meanwhile, one at a time', async () => {
    await using hawker = await startHawker({
      env: { HAWKER_DIAGNOSTICS: folder, HAWKER_BASE_PATH: '/hawker' },
      args: ['--only', 'bus,links'],
    });
    const path = `/hawker${CALL}`;
    const begun = await hawker.ask(path, { method: 'POST', body: { kind: 'cpu', seconds: 1 } });
    const { file } = begun.json<{ file: string }>();
    assert.equal(begun.status, 202, begun.text);
    assert.match(file, new RegExp(`^hawker-${hawker.child.pid}-[\\dTZ-]+\\.cpuprofile$`));
    const second = await hawker.ask(path, { method: 'POST', body: { kind: 'heap' } });
    assert.deepEqual([second.status, second.json<Problem>().code], [409, 'request_in_progress']);
    for (let n = 0; n < 5; n++) assert.equal((await hawker.ask('/hawker/bus/stops/99999')).status, 200);
    await recorded(file);
    assert.equal(statSync(join(folder, file)).mode & 0o777, 0o600);
    const profile = JSON.parse(readFileSync(join(folder, file), 'utf8')) as Profile;
    assert.ok(profile.samples.length > 0 && profile.nodes.some(({ callFrame }) => callFrame.functionName === '(root)'));
    const { invocations, startedAt, endedAt } = profile['x-hawker'];
    assert.ok(startedAt < endedAt);
    const bus =
      invocations.find(({ route }) => route === 'GET /stops/:code') ?? assert.fail(JSON.stringify(invocations));
    assert.deepEqual([bus.function, bus.invocations], ['bus', 5]);
    assert.ok(bus.ms > 0);
  });

  it('takes a heap snapshot into the folder, and never sends it', async () => {
    await using hawker = await startHawker({ env: { HAWKER_DIAGNOSTICS: folder }, args: ['--only', 'leases'] });
    const begun = await call(hawker, { kind: 'heap' });
    assert.equal(begun.status, 202);
    assert.deepEqual(Object.keys(begun.json()), ['file']);
    const { file } = begun.json<{ file: string }>();
    await recorded(file);
    assert.ok(readFileSync(join(folder, file), 'utf8').includes(folder), 'it is the heap of this process');
    assert.equal((await hawker.ask(`${CALL}/${file}`)).status, 404);
    assert.equal((await hawker.ask('/leases/v1')).status, 200);
  });

  it('is refused to all but admins, and by field where it is not understood', async () => {
    await using hawker = await startHawker({ env: { HAWKER_DIAGNOSTICS: folder }, args: ['--only', 'links'] });
    const { key } = (
      await hawker.ask('/links/v1/keys', { method: 'POST', body: { name: 'an editor', role: 'editor' } })
    ).json<{ key: string }>();
    const editor = { headers: { Authorization: `Bearer ${key}` } };
    assert.equal((await call(hawker, { kind: 'cpu' }, { anonymous: true })).status, 401);
    assert.equal((await call(hawker, { kind: 'cpu' }, editor)).status, 403);
    for (const [body, pointer] of [
      [{ kind: 'memory' }, '/kind'],
      [{ kind: 'cpu', seconds: 0 }, '/seconds'],
      [{ kind: 'cpu', seconds: 61 }, '/seconds'],
      [{ kind: 'cpu', seconds: 1.5 }, '/seconds'],
      [{ kind: 'heap', seconds: 5 }, '/seconds'],
      [{ kind: 'cpu', folder: '/' }, '/folder'],
    ] as const) {
      const refused = await call(hawker, body);
      assert.equal(refused.status, 422, JSON.stringify(body));
      assert.deepEqual(
        refused.json<Problem>().errors?.map((error) => error.pointer),
        [pointer],
      );
    }
    assert.equal((await hawker.ask(CALL)).status, 405);
    assert.equal((await call(hawker, { kind: 'cpu' }, { host: 'go.example.com' })).status, 404);
  });

  it('says that no folder is named where none is', async () => {
    await using hawker = await startHawker({ args: ['--only', 'leases'] });
    const refused = await call(hawker, { kind: 'cpu' });
    assert.deepEqual([refused.status, refused.json<Problem>().code], [503, 'not_configured']);
    assert.match(refused.text, /HAWKER_DIAGNOSTICS/);
  });

  it('says that the named folder cannot be read or is none', async () => {
    for (const [name, code] of [
      ['nowhere', 'ENOENT'],
      ['file', 'ENOTDIR'],
    ] as const) {
      if (name === 'file') writeFileSync(join(folder, name), '');
      const env = { HAWKER_DIAGNOSTICS: join(folder, name) };
      await using hawker = await startHawker({ env, args: ['--only', 'leases'] });
      const refused = await call(hawker, { kind: 'cpu' });
      const { code: said, detail } = refused.json<Problem>();
      assert.deepEqual([refused.status, said], [503, 'not_configured']);
      assert.equal(detail, `The folder that HAWKER_DIAGNOSTICS names cannot be read (${code})`);
    }
  });

  it('is not cut short by a signal, which says so and records nothing', async () => {
    const own = mkdtempSync(join(tmpdir(), 'hawker-recordings-'));
    try {
      await using hawker = await startHawker({ env: { HAWKER_DIAGNOSTICS: own }, args: ['--only', 'leases'] });
      const begun = await call(hawker, { kind: 'cpu', seconds: 2 });
      hawker.child.kill('SIGUSR2');
      await until(
        async () => hawker.output(),
        (said) => said.includes('SIGUSR2 records nothing'),
      );
      const { file } = begun.json<{ file: string }>();
      await until(
        async () => readdirSync(own),
        (files) => files.includes(file),
        20_000,
      );
      const profile = JSON.parse(readFileSync(join(own, file), 'utf8')) as { startTime: number; endTime: number };
      assert.ok(profile.endTime - profile.startTime >= 1_900_000, 'microseconds');
      assert.deepEqual(readdirSync(own), [file]);
    } finally {
      rmSync(own, { recursive: true, force: true });
    }
  });

  it('is taken on the second port as well', async () => {
    await using hawker = await startHawker({
      env: { HAWKER_DIAGNOSTICS: folder, HAWKER_OPS_PORT: '0' },
      args: ['--only', 'leases'],
    });
    const port = Number(/can be scraped.*"port":(\d+)/.exec(hawker.output())?.[1]);
    const ask: Ask = { method: 'POST', body: { kind: 'cpu', seconds: 1 }, anonymous: true };
    const refused = await send(port, '/profiles', ask);
    assert.deepEqual([refused.status, refused.headers['content-type']], [401, 'application/problem+json']);
    const begun = await send(port, '/profiles', { ...ask, headers: { Authorization: `Bearer ${ADMIN_KEY}` } });
    assert.equal(begun.status, 202);
    await recorded(begun.json<{ file: string }>().file);
  });
});
