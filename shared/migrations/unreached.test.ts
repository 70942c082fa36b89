/** Servers of either kind that are not there, as whoever opens a session is told of it. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { systemClock } from '../clock.ts';
import { isAppError } from '../errors.ts';
import { guardAgainstLeaks } from '../testing/leak-guard.ts';
import { openAt } from './index.ts';
import { DEFAULTS } from './target.ts';
import { isCertain, unreached } from './unreached.ts';

guardAgainstLeaks();

async function refusal(kind: 'postgres' | 'mysql', address: string): Promise<string> {
  const target = { ...DEFAULTS, name: 'shop', kind, folder: '/none', labels: {} } as const;
  const given = { signal: AbortSignal.timeout(20_000), application: 'test', clock: systemClock };
  const opening = openAt({ ...target, address: { from: 'variable', name: 'X' } }, address, given);
  const error: unknown = await opening.then(
    () => assert.fail('it was opened'),
    (reason: unknown) => reason,
  );
  assert.ok(isAppError(error), String(error));
  assert.doesNotMatch(`${error.message} ${String(error.cause)}`, /hunter2/);
  return `${error.code}: ${error.message}`;
}

/** A port at which nobody listens any more, or one at which whoever calls is treated so. */
async function portOf(t: TestContext, treat?: (socket: Socket) => void): Promise<number> {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    treat?.(socket);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const close = async () => {
    server.close();
    await once(server, 'close');
  };
  if (treat) t.after(close);
  else await close();
  return port;
}

describe('a server that is not reached', { timeout: 30_000 }, () => {
  for (const kind of ['postgres', 'mysql'] as const) {
    it(`is told of as one at which nobody answers, for ${kind}`, async (t) => {
      const port = await portOf(t);
      const told = await refusal(kind, `${kind}://me:hunter2@127.0.0.1:${port}/x`);
      assert.equal(told, `unavailable: nobody answers at 127.0.0.1:${port} (ECONNREFUSED)`);
    });

    it(`is told of as no host, for ${kind}`, async () => {
      // RFC 6761, section 6.4: no such name is ever there; a machine without a resolver cannot tell.
      const told = await refusal(kind, `${kind}://me:hunter2@db.invalid/x`);
      assert.match(
        told,
        /^unavailable: (?:there is no host db\.invalid \(ENOTFOUND\)|nobody says where the host db\.invalid is \(EAI_AGAIN\))$/,
      );
    });

    it(`is told of as one that hung up, for ${kind}`, async (t) => {
      const port = await portOf(t, (socket) => socket.resume().end());
      const told = await refusal(kind, `${kind}://me:hunter2@127.0.0.1:${port}/x`);
      assert.match(
        told,
        kind === 'postgres'
          ? /^unavailable: no connection to PostgreSQL came about \(.*(?:hung up|ECONNRESET|EPIPE)/
          : /^unavailable: The database does not answer \((?:PROTOCOL_CONNECTION_LOST|ECONNRESET|EPIPE)\)$/,
      );
    });
  }

  it('is not named where its name may be the beginning of a password', async (t) => {
    const port = await portOf(t);
    const told = await refusal('postgres', `postgres://127.0.0.1:${port}/hunter2@db/x`);
    assert.equal(told, 'unavailable: nobody answers at that address (ECONNREFUSED)');
    for (const [address, certain] of [
      ['postgres://me:p%2Fw@db/x?sslmode=require', true],
      ['postgres://me@azure:pw@db/x', true],
      ['mysql://db/x', true],
      ['postgres://me:12/3@db/x', false],
      ['mysql://me:12#3@db/x', false],
      ['mysql://me:12?3@db/x', false],
    ] as const)
      assert.equal(isCertain(address), certain, address);
  });

  it('has its port behind brackets where its address is of IPv6, and the folder of a socket as it is', () => {
    const at = (host: string) => unreached('ECONNREFUSED', { host, port: 1 })?.message;
    assert.equal(at('::1'), 'nobody answers at [::1]:1 (ECONNREFUSED)');
    assert.equal(at('/run/db'), 'nobody answers at /run/db, port 1 (ECONNREFUSED)');
    assert.equal(unreached('28P01', { host: 'db', port: 1 }), undefined);
  });
});
