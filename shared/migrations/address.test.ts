import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, beforeEach, describe, it } from 'node:test';
import { AppError } from '../errors.ts';
import type { Google } from '../google/google.ts';
import { createFakeClock } from '../testing/fake-clock.ts';
import { type AddressGiven, addressOf } from './address.ts';

const SECRET = 'projects/shop-1/secrets/db/versions/latest';
const shop = { name: 'shop', kind: 'postgres' } as const;
const bySecret = { ...shop, address: { from: 'secret', name: SECRET } } as const;

/** What Secret Manager holds, or what it fails with. */
let kept: string | Uint8Array | Error;
let reads = 0;
const clock = createFakeClock();
const access = async (name: string): Promise<Uint8Array> => {
  reads++;
  assert.equal(name, SECRET);
  if (kept instanceof Error) throw kept;
  return Buffer.from(kept);
};
const google = async () => ({ as: () => ({ secrets: { access } }) }) as unknown as Google;
const given = (env: Record<string, string> = {}): AddressGiven => ({
  ...{ signal: new AbortController().signal, clock, google, env },
});

const folder = await mkdtemp(join(tmpdir(), 'hawker-addresses-'));
after(() => rm(folder, { recursive: true }));

describe('the address of a target', () => {
  beforeEach(() => {
    reads = 0;
    kept = 'postgres://mei:hunter2@db/shop\n';
  });
  const refusal = async (target: Parameters<typeof addressOf>[0], env?: Record<string, string>) => {
    const error: unknown = await addressOf(target, given(env)).then(
      () => assert.fail('it was found'),
      (reason: unknown) => reason,
    );
    assert.ok(error instanceof AppError, String(error));
    assert.doesNotMatch(`${error.message} ${String(error.cause)}`, /hunter2/);
    return `${error.code}: ${error.message}`;
  };

  it('comes from its variable or file when it is asked for', async () => {
    const byVariable = { ...shop, address: { from: 'variable', name: 'SHOP' } } as const;
    const file = join(folder, 'address');
    await writeFile(file, 'postgres://db/shop\n');
    const byFile = { ...shop, address: { from: 'file', path: file } } as const;
    assert.equal(await addressOf(byVariable, given({ SHOP: ' mysql://db ' })), 'mysql://db');
    assert.equal(await addressOf(byFile, given()), 'postgres://db/shop');
    assert.equal(await addressOf({ ...byVariable, kind: 'sqlite' }, given({ SHOP: 'sqlite3:///a.db' })), '/a.db');
    const byPath = { ...shop, kind: 'sqlite', address: { from: 'path', path: '/b.db' } } as const;
    assert.equal(await addressOf(byPath, given()), '/b.db');
    const missing = 'not_configured: target shop: its address is to be in';
    assert.equal(await refusal(byVariable, { SHOP: ' ' }), `${missing} the variable SHOP, which is not set`);
    const nowhere = { ...shop, address: { from: 'file', path: join(folder, 'x') } } as const;
    assert.equal(await refusal(nowhere), `${missing} the file ${folder}/x, which cannot be read: ENOENT`);
    await writeFile(file, '\n');
    assert.equal(await refusal(byFile), `${missing} the file ${file}, which is empty`);
    assert.equal(reads, 0);
  });

  it('is read from Secret Manager anew each time', async () => {
    assert.equal(await addressOf(bySecret, given()), 'postgres://mei:hunter2@db/shop');
    kept = 'postgres://db/other';
    assert.equal(await addressOf(bySecret, given()), 'postgres://db/other');
    assert.equal(reads, 2);
  });

  it('that Secret Manager does not give is told as what it is: to be set right, or passing', async () => {
    const place = `target shop: its address is to be in the secret version ${SECRET}`;
    for (const [code, told] of [
      ['not_found', 'not_configured'],
      ['google_forbidden', 'not_configured'],
      ['google_unauthenticated', 'not_configured'],
      ['google_refused', 'not_configured'],
      ['too_large', 'not_configured'],
      ['too_many_requests', 'unavailable'],
      ['unavailable', 'unavailable'],
    ] as const) {
      kept = new AppError(code, 'because.');
      assert.equal(await refusal(bySecret), `${told}: ${place}: because.`);
    }
    kept = ' \n';
    assert.equal(await refusal(bySecret), `not_configured: ${place}, which is empty`);
    kept = Buffer.concat([Buffer.from('hunter2'), Buffer.from([0xff])]);
    assert.equal(await refusal(bySecret), `not_configured: ${place}, which is no text in UTF-8`);
  });

  it('of an instance of Cloud SQL is a way there, with a password that was read beforehand', async () => {
    kept = 'hunter2\n';
    const cloud = { from: 'cloud-sql', instance: 'a:b:c', user: 'app', database: 'shop', ip: 'private' } as const;
    const address = { ...cloud, password: { from: 'secret', name: SECRET } } as const;
    const route = await addressOf({ ...shop, address }, given());
    assert.ok(typeof route === 'object');
    assert.deepEqual([route.user, route.password, route.database], ['app', 'hunter2', 'shop']);
    const lacking = { ...cloud, password: { from: 'variable', name: 'P' } } as const;
    assert.equal(
      await refusal({ ...shop, address: lacking }),
      'not_configured: target shop: its password is to be in the variable P, which is not set',
    );
  });
});
