/** What an address of PostgreSQL says of TLS, as PostgreSQL's own clients read it, with a front that speaks TLS. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer, connect as dial, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { TLSSocket } from 'node:tls';
import { systemClock } from '../../clock.ts';
import { isAppError } from '../../errors.ts';
import { createAuthority } from '../../testing/certificates.ts';
import { guardAgainstLeaks } from '../../testing/leak-guard.ts';
import { connect } from './link.ts';
import { serverOf } from './rig.ts';

guardAgainstLeaks();

const { address, skip } = serverOf(process.env['POSTGRES_TEST_URL'], process.env['CI'] === 'true');
const authority = createAuthority();

/** Answers the request for TLS (https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-SSL) and hands on what comes then. */
async function startFront() {
  const { hostname, port } = new URL(address);
  const own = authority.issue();
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.on('error', () => {});
    socket.once('data', () => {
      socket.write('S');
      const secure = new TLSSocket(socket, { isServer: true, ...own });
      const wire = dial(Number(port || 5432), hostname);
      open.add(wire);
      for (const one of [secure, wire])
        one
          .on('error', () => {})
          .once('close', () => {
            secure.destroy();
            wire.destroy();
          });
      secure.pipe(wire);
      wire.pipe(secure);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      for (const socket of open) socket.destroy();
      await closed;
    },
  };
}

describe('TLS in an address of PostgreSQL', { skip, timeout: 30_000 }, () => {
  let folder: string;
  const file = (name: string) => join(folder, name);
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hawker-tls-'));
    await writeFile(file('ca.pem'), authority.ca);
    await writeFile(file('other.pem'), createAuthority().ca);
  });
  after(() => rm(folder, { recursive: true }));

  const at = (port: number, query: string, host = '127.0.0.1') => {
    const url = new URL(address);
    url.port = String(port);
    url.hostname = host;
    url.search = query;
    url.password ||= 'hunter2';
    return url.href;
  };
  const asked = async (given: string) => {
    await using opened = {
      link: await connect(given, { application: 'test', clock: systemClock, signal: AbortSignal.timeout(20_000) }),
      [Symbol.asyncDispose]: () => opened.link.close(),
    };
    return (await opened.link.run('select 1'))[0]?.[0]?.[0];
  };
  const refusal = async (given: string) => {
    const error: unknown = await asked(given).then(
      () => assert.fail('it was let in'),
      (reason: unknown) => reason,
    );
    assert.ok(isAppError(error), String(error));
    assert.doesNotMatch(`${error.message} ${String(error.cause)}`, /hunter2|127\.0/);
    return `${error.code}: ${error.message}`;
  };

  it('is checked as far as sslmode says', async () => {
    await using front = await startFront();
    const ca = `sslrootcert=${file('ca.pem')}`;
    for (const query of ['sslmode=require', `sslmode=verify-ca&${ca}`, `sslmode=verify-full&${ca}`])
      assert.equal(await asked(at(front.port, query)), '1', query);
    const other = `sslrootcert=${file('other.pem')}`;
    for (const query of [`sslmode=verify-ca&${other}`, `sslmode=verify-full&${other}`, 'sslmode=verify-full'])
      assert.match(
        await refusal(at(front.port, query)),
        /^unavailable: no connection to PostgreSQL came about \(\w*(?:CERT|SIGNATURE)/,
        query,
      );
  });

  it('is refused where it is not offered, or its root cannot be read', async () => {
    const front = createServer((socket) => {
      socket.on('error', () => {});
      socket.once('data', () => socket.end('N'));
    }).listen(0, '127.0.0.1');
    await once(front, 'listening');
    const { port } = front.address() as AddressInfo;
    assert.match(
      await refusal(at(port, 'sslmode=require')),
      /^not_configured: .*which PostgreSQL does not offer there$/,
    );
    assert.match(
      await refusal(at(port, `sslmode=verify-full&sslrootcert=${file('no.pem')}`)),
      /^not_configured: the address of the PostgreSQL database cannot be read$/,
    );
    front.close();
    await once(front, 'close');
  });
});
