/**
 * Wires to Cloud SQL, by its connector: TLS 1.3 with a certificate that is made for this process, to a server whose certificate is the instance's.
 *
 * The connector is made for one wire and closed as soon as that is there. Left open it would renew its certificate for ever, and connect again for whoever asks; a session does neither.
 */
import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import type { AuthClient } from '@google-cloud/cloud-sql-connector';
import type { Clock } from '../clock.ts';
import { AppError, isAppError } from '../errors.ts';
import { inTime } from '../google/in-time.ts';
import type { SqlAdminApi } from '../google/sql-admin.ts';
import { googleFailure } from './address-failure.ts';
import type { AddressRef, Kind } from './target.ts';

export type CloudSqlRef = Extract<AddressRef, { from: 'cloud-sql' }>;

interface Given {
  signal: AbortSignal;
  clock: Clock;
  sqlAdmin: SqlAdminApi;
}

/** Of the two questions to the API, repetitions included. */
const ASK_MS = 30_000;
const CONNECT_MS = 10_000;

/** With IAM the account's e-mail address will do: what of it the server takes for the user's name depends on the kind (https://cloud.google.com/sql/docs/postgres/iam-logins). */
export function loginOf({ user, password }: Pick<CloudSqlRef, 'user' | 'password'>, kind: Kind): string {
  if (password !== 'iam') return user;
  return kind === 'mysql' ? user.replace(/@.*$/, '') : user.replace(/\.gserviceaccount\.com$/, '');
}

/** `what`: whose, for errors, which hold neither tokens nor addresses. */
export async function dialCloudSql(ref: CloudSqlRef, what: string, given: Given): Promise<Duplex> {
  const { signal, clock } = given;
  const about = `${what}: Cloud SQL instance ${ref.instance}`;
  const { AuthTypes, Connector, IpAddressTypes } = await import('./cloud-sql-client.ts');
  let socket: TLSSocket;
  try {
    const late = () => new AppError('unavailable', `no answer within ${ASK_MS / 1_000} seconds`);
    const open = async (limit: AbortSignal) => {
      const auth = authOf(ref, { ...given, signal: AbortSignal.any([signal, limit]) });
      const connector = new Connector({ auth });
      const { stream } = await connector.getOptions({
        instanceConnectionName: ref.instance,
        ipType: IpAddressTypes[ref.ip.toUpperCase() as Uppercase<CloudSqlRef['ip']>],
        authType: ref.password === 'iam' ? AuthTypes.IAM : AuthTypes.PASSWORD,
      });
      try {
        limit.throwIfAborted();
        return stream() as TLSSocket;
      } finally {
        connector.close();
      }
    };
    socket = await inTime(open, { ms: ASK_MS, clock, late });
  } catch (error) {
    signal.throwIfAborted();
    throw isAppError(error) ? googleFailure(error, about) : connectorFailure(error, ref, about);
  }
  // Whoever is given it listens for what breaks it; until then nobody does, and that would end the process.
  socket.on('error', () => {});
  const late = () => Object.assign(new Error(), { code: 'ETIMEDOUT' });
  try {
    await inTime((limit) => once(socket, 'secureConnect', { signal: AbortSignal.any([signal, limit]) }), {
      ms: CONNECT_MS,
      clock,
      late,
    });
  } catch (error) {
    socket.destroy();
    signal.throwIfAborted();
    throw wireFailure(error, ref, about);
  }
  // Its user asks it to connect, and waits to be told that it has.
  socket.connect = () => {
    process.nextTick(() => socket.emit('connect'));
    return socket;
  };
  return socket;
}

/** The account that the rest of Hawker has too, as the connector wants one: its requests go by our own bounds. */
function authOf(ref: CloudSqlRef, { sqlAdmin, signal }: Given): AuthClient {
  const auth = {
    universeDomain: 'googleapis.com',
    // Without the token's end: a certificate is used within seconds.
    credentials: {},
    getAccessToken: async () => ({ token: await sqlAdmin.loginToken({ signal }) }),
    request: async ({ url, method = 'GET', data }: { url: string | URL; method?: string; data?: unknown }) => {
      const answer = await sqlAdmin.call({ url: String(url), method, body: data }, ref.instance, { signal });
      // An answer without data is one that the connector knows what to do with.
      return { status: 200, headers: new Headers(), data: Object(answer) as unknown };
    },
  };
  return auth as unknown as AuthClient;
}

const codeOf = (error: unknown): string => {
  const { code } = Object(error) as { code?: unknown };
  return typeof code === 'string' && /^[A-Z0-9_]{1,60}$/.test(code) ? code : 'unknown';
};

/** What the connector makes of an answer. Its own words quote the answer. */
function connectorFailure(error: unknown, { ip }: CloudSqlRef, about: string): AppError {
  const code = codeOf(error);
  if (/^ENO(?:PUBLIC|PRIVATE|PSC)SQLADMINIPADDRESS$/.test(code))
    return new AppError(
      'not_configured',
      `${about} has no ${ip} address: give it one, or another \`ip\` in the targets' file`,
    );
  if (code === 'EBADSQLADMINREGION')
    return new AppError('not_configured', `${about} is in another region than its name says`);
  return new AppError(
    'unavailable',
    `${about}: the Cloud SQL Admin API answers with something that does not let connect (${code})`,
  );
}

/** A server that is not the instance may be one that was put in its way: nothing was said to it. */
function wireFailure(error: unknown, { ip }: CloudSqlRef, about: string): AppError {
  const code = codeOf(error);
  if (/CERT|SIGNATURE|ISSUER|CRL|ALTNAME|ENOSQLADMINVERIFY|SELF_SIGNED/.test(code))
    return new AppError(
      'unavailable',
      `${about}: its ${ip} address is answered by a server with another certificate (${code})`,
    );
  const advice =
    ip === 'public'
      ? 'is a public address allowed for it?'
      : 'does this service have VPC egress (Direct VPC or a connector) to its network?';
  return new AppError('unavailable', `${about}: port 3307 of its ${ip} address does not answer (${code}); ${advice}`);
}
