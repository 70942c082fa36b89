import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, beforeEach, describe, it } from 'node:test';
import { AppError } from '../errors.ts';
import type { Google } from '../google/google.ts';
import { createFakeClock } from '../testing/fake-clock.ts';
import { type AddressGiven, addressOf } from './address.ts';
import type { Kind } from './target.ts';

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
    assert.equal(await addressOf(byVariable, given({ SHOP: ' postgres://b ' })), 'postgres://b');
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

  it('of another kind of database is refused by its setting, wherever that is', async () => {
    const byVariable = { ...shop, address: { from: 'variable', name: 'SHOP' } } as const;
    const told = (kind: Kind, address: string) => refusal({ ...byVariable, kind }, { SHOP: address });
    const its = 'not_configured: target shop: its address, in';
    const postgres = `is none of PostgreSQL's: it must begin with postgres:// or postgresql://`;
    for (const address of ['hunter2', 'mysql://me:hunter2@127.0.0.1:3306/x', 'sqlite3:///x', 'me:hunter2@db/shop'])
      assert.equal(await told('postgres', address), `${its} the variable SHOP, ${postgres}`);
    for (const address of ['hunter2', 'postgres://me:hunter2@db/x', 'x.db', 'jdbc:mysql://me:hunter2@db/x'])
      assert.equal(
        await told('mysql', address),
        `${its} the variable SHOP, is none of MySQL's: it must begin with mysql://`,
      );
    for (const address of ['postgres://me:hunter2@db/x', 'MYSQL://me:hunter2@tcp(db:1)/x', 'https://hunter2/x.db'])
      assert.equal(
        await told('sqlite', address),
        `${its} the variable SHOP, is none of SQLite's: it must be the path of a file, which may begin with sqlite:// or sqlite3://`,
      );
    const file = join(folder, 'other');
    await writeFile(file, 'mysql://me:hunter2@db/x\n');
    assert.equal(
      await refusal({ ...shop, address: { from: 'file', path: file } }),
      `${its} the file ${file}, ${postgres}`,
    );
    kept = 'hunter2';
    assert.equal(await refusal(bySecret), `${its} the secret version ${SECRET}, ${postgres}`);
  });

  it('is taken in each form that its driver reads', async () => {
    const forms: [Kind, string][] = [
      ...['postgres://db/x', 'POSTGRESQL://db/x', 'pgx5://db/x', '/run/postgresql shop', 'socket:/run?db=shop'].map(
        (one): [Kind, string] => ['postgres', one],
      ),
      ['mysql', 'mysql://me@tcp(db:3306)/x'],
      ...['a.db', '/a/b.db', '../a:b.db'].map((one): [Kind, string] => ['sqlite', one]),
    ];
    for (const [kind, address] of forms) {
      const target = { ...shop, kind, address: { from: 'variable', name: 'SHOP' } } as const;
      assert.equal(await addressOf(target, given({ SHOP: address })), address);
    }
    const byUrl = { ...shop, kind: 'sqlite', address: { from: 'variable', name: 'SHOP' } } as const;
    assert.equal(await addressOf(byUrl, given({ SHOP: 'sqlite:///a.db' })), '/a.db');
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
