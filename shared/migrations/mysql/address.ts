/** `mysql://user:password@host:port/database?tls=true`, and golang-migrate's form of it with `@tcp(host:port)`. Other parameters of golang-migrate's are its own and are passed over. */
import { AppError } from '../../errors.ts';
import { isCertain } from '../unreached.ts';

export interface MysqlAddress {
  host: string;
  port: number;
  user: string;
  password: string;
  database: string;
  ssl?: { rejectUnauthorized: boolean };
}

export function parseAddress(address: string, target: string): MysqlAddress {
  const plain = address.replace(/@tcp\(([^()]*)\)\//, '@$1/');
  const url = URL.parse(plain);
  // Never the address itself in words: it may hold a password.
  const refuse = (what: string) => new AppError('not_configured', `The address of the target "${target}" ${what}`);
  if (url?.protocol !== 'mysql:' || !url.hostname) throw refuse('is no mysql:// address');
  if (!isCertain(plain)) throw refuse('is not percent-encoded as an address must be');
  let parts: string[];
  try {
    parts = [url.username, url.password, url.pathname.slice(1)].map(decodeURIComponent);
  } catch {
    throw refuse('is not percent-encoded as an address must be');
  }
  const [user = '', password = '', database = ''] = parts;
  if (!database) throw refuse('names no database');
  const tls = url.searchParams.get('tls') ?? 'false';
  if (!['true', 'false', 'skip-verify'].includes(tls))
    throw refuse('has a `tls` other than true, false and skip-verify');
  return {
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: Number(url.port || 3306),
    ...{ user, password, database },
    ...(tls !== 'false' && { ssl: { rejectUnauthorized: tls === 'true' } }),
  };
}
