/**
 * Cloud SQL: the two methods of its Admin API that connectors use, and an instance, which is a TLS 1.3 server on port 3307 of an address of its own that lets in whoever has a certificate from the API, and hands what they
 * say to a real server.
 */
import { createPublicKey } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { createServer, type TLSSocket } from 'node:tls';
import { type Authority, createAuthority } from '../certificates.ts';
import { answering, Refused, sendJson } from './answers.ts';
import type { FakePart } from './fake-google.ts';
import type { Tokens } from './tokens.ts';

export interface InstanceOptions {
  /** `project:region:instance`. */
  name: string;
  version: 'POSTGRES_15' | 'MYSQL_8_0';
  /** Of loopback. */
  address: string;
  behind: { host: string; port: number };
  /** Who may connect; anybody where nothing is said. */
  clients?: readonly string[];
}

export interface FakeInstance extends AsyncDisposable {
  /** For the fake's option `more`. */
  api(tokens: Tokens): FakePart;
  /** Certificates that were given out: for whom, and whether they let in by IAM. */
  readonly given: readonly { account: string; iam: boolean }[];
  /** How many connections there were. */
  readonly connections: number;
  /** Its addresses, as the API tells them. */
  addresses: { type: 'PRIMARY' | 'PRIVATE'; ipAddress: string }[];
  /** From now on it shows a certificate of another authority, or of another instance. */
  impersonate(who: 'other authority' | 'other instance'): void;
  /** Ends every connection, without a goodbye. */
  cut(): void;
}

const DAY = 86_400_000;

export async function startCloudSql(options: InstanceOptions): Promise<FakeInstance> {
  const { name, version, address, behind, clients } = options;
  const [project = '', region = '', instance = ''] = name.split(':');
  const servers = createAuthority();
  const people = createAuthority();
  const given: { account: string; iam: boolean }[] = [];
  const open = new Set<TLSSocket | Socket>();
  let connections = 0;
  const contextOf = (authority: Authority, called: string) => ({
    ...authority.issue(called),
    ca: people.ca,
    minVersion: 'TLSv1.3' as const,
  });
  const server = createServer(
    { ...contextOf(servers, `${project}:${instance}`), requestCert: true, rejectUnauthorized: true },
    (socket) => {
      connections++;
      const wire = connect(behind.port, behind.host);
      for (const one of [socket, wire]) {
        open.add(one);
        one.on('error', () => {});
        one.once('close', () => {
          open.delete(one);
          socket.destroy();
          wire.destroy();
        });
      }
      socket.pipe(wire);
      wire.pipe(socket);
    },
  );
  server.on('tlsClientError', () => {});
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(3307, address, resolve);
  });

  const fake: FakeInstance = {
    given,
    addresses: [{ type: 'PRIVATE', ipAddress: address }],
    get connections() {
      return connections;
    },
    impersonate(who) {
      const authority = who === 'other authority' ? createAuthority() : servers;
      server.setSecureContext(contextOf(authority, `${project}:${who === 'other instance' ? 'other' : instance}`));
    },
    cut() {
      for (const socket of open) socket.destroy();
    },
    api: (tokens) => ({
      async handle(request, response, url, body) {
        const [, of, id, method] =
          /^\/sql\/v1beta4\/projects\/([^/]+)\/instances\/([^/]+?)(\/connectSettings|:generateEphemeralCert)$/.exec(
            url.pathname,
          ) ?? [];
        if (method === undefined) return false;
        await answering(response, 'api', () => {
          const { account } = tokens.require(request, ['sqlservice.admin', 'cloud-platform']);
          if (clients && !clients.includes(account))
            throw new Refused(403, 'boss::NOT_AUTHORIZED: Not authorized to access resource.', { reason: 'forbidden' });
          if (of !== project || id !== instance)
            throw new Refused(404, 'The Cloud SQL instance does not exist.', { reason: 'instanceDoesNotExist' });
          sendJson(response, 200, method === '/connectSettings' ? settings() : certified(account, body));
        });
        return true;
      },
    }),
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      fake.cut();
      await closed;
    },
  };

  const settings = () => ({
    kind: 'sql#connectSettings',
    region,
    databaseVersion: version,
    backendType: 'SECOND_GEN',
    ipAddresses: fake.addresses,
    serverCaCert: {
      kind: 'sql#sslCert',
      cert: servers.ca,
      instance,
      expirationTime: new Date(Date.now() + DAY).toISOString(),
    },
  });

  function certified(account: string, body: Buffer): object {
    const { public_key: key, access_token: login } = JSON.parse(body.toString('utf8')) as Record<string, string>;
    given.push({ account, iam: login !== undefined });
    return { ephemeralCert: { kind: 'sql#sslCert', cert: people.certify(createPublicKey(key ?? ''), account) } };
  }

  return fake;
}
