/** Addresses as golang-migrate's `-database` takes them, read into a target. */
import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import type { Kind } from '#shared/migrations/target.ts';

/** Its message is golang-migrate's, and holds no address. */
export class AddressError extends Error {
  override readonly name = 'AddressError';
}

export interface DatabaseUrl {
  kind: Kind;
  /** As our drivers take it; for SQLite a path. */
  address: string;
  /** Names the database without saying anything of its address. */
  id: string;
  table?: string;
  statementTimeoutMs?: number;
  /** Its parameters that have no effect here. */
  unused: string[];
}

const DRIVERS: Readonly<Record<string, Kind>> = {
  postgres: 'postgres',
  postgresql: 'postgres',
  pgx: 'postgres',
  pgx4: 'postgres',
  pgx5: 'postgres',
  mysql: 'mysql',
  sqlite: 'sqlite',
  sqlite3: 'sqlite',
};
/** What they ask for is done here in any case: statements are told apart by the database's own rules. */
const NEEDLESS = new Set(['x-multi-statement', 'x-multi-statement-max-size', 'x-migrations-table-quoted']);

/** Throws AddressError. */
export function readDatabaseUrl(text: string): DatabaseUrl {
  const scheme = schemeOf(text, 'database');
  const kind = Object.hasOwn(DRIVERS, scheme) ? DRIVERS[scheme] : undefined;
  if (kind === undefined)
    throw new AddressError(`failed to open database: database driver: unknown driver ${scheme} (forgotten import?)`);
  const [before = '', query = ''] = splitOnce(text.slice(scheme.length + '://'.length), '?');
  const { kept, own } = parameters(query);
  const common = { kind, ...options(own) };
  if (kind === 'sqlite') {
    const path = resolve(before);
    return { ...common, address: path, id: idOf(path) };
  }
  const url = standardUrl(kind, before);
  for (const [name, value] of kept) url.searchParams.append(name, value);
  return {
    ...common,
    address: url.href,
    id: idOf(kind + url.host + url.pathname + (url.searchParams.get('host') ?? '')),
  };
}

/** As both of golang-migrate's addresses begin. Throws AddressError. */
export function schemeOf(text: string, what: 'database' | 'source'): string {
  const why = text === '' ? 'URL cannot be empty' : 'no scheme';
  const at = text.indexOf('://');
  if (at < 1) throw new AddressError(`failed to parse scheme from ${what} URL: ${why}`);
  return text.slice(0, at);
}

/** Go's MySQL driver writes `user:password@tcp(host:port)/name`, and escapes nothing in it. */
function standardUrl(kind: Kind, rest: string): URL {
  const go = /^(?:(.*)@)?(?:tcp\(([^()]*)\)|unix\(([^()]*)\)|([^()@/]*))\/([^/]*)$/.exec(rest);
  try {
    if (kind !== 'mysql' || !go) return new URL(`${kind}://${rest}`);
    const [, credentials = '', tcp, socket, plain, name = ''] = go;
    if (socket !== undefined) throw new AddressError('failed to open database: sockets are not supported, name a host');
    const url = new URL(`mysql://${(tcp ?? plain) || '127.0.0.1:3306'}/${name}`);
    const [user = '', password] = splitOnce(credentials, ':');
    url.username = escaped(user);
    if (password !== undefined) url.password = escaped(password);
    return url;
  } catch (error) {
    if (error instanceof AddressError) throw error;
    throw new AddressError('failed to open database: invalid address');
  }
}

/** golang-migrate asks for escapes in addresses, but takes a stray percent sign. */
function escaped(text: string): string {
  try {
    return encodeURIComponent(decodeURIComponent(text));
  } catch {
    return encodeURIComponent(text);
  }
}

function parameters(query: string): { kept: [string, string][]; own: Map<string, string> } {
  const all = [...new URLSearchParams(query)];
  return {
    kept: all.filter(([name]) => !name.startsWith('x-')),
    own: new Map(all.filter(([name]) => name.startsWith('x-'))),
  };
}

function options(own: ReadonlyMap<string, string>): Pick<DatabaseUrl, 'table' | 'statementTimeoutMs' | 'unused'> {
  const table = own.get('x-migrations-table');
  const timeout = own.get('x-statement-timeout');
  if (timeout !== undefined && !/^\d{1,9}$/.test(timeout))
    throw new AddressError('failed to open database: x-statement-timeout must be milliseconds');
  if (own.get('x-migrations-table-quoted') === 'true')
    throw new AddressError('failed to open database: x-migrations-table-quoted is not supported');
  const known = ['x-migrations-table', 'x-statement-timeout'];
  return {
    ...(table && { table }),
    ...(timeout !== undefined && { statementTimeoutMs: Number(timeout) }),
    unused: [...own.keys()].filter((name) => !known.includes(name) && !NEEDLESS.has(name)),
  };
}

/** Those who migrate the same database must meet at the same lease, and an address is no name. */
function idOf(place: string): string {
  return createHash('sha256').update(place).digest('hex').slice(0, 16);
}

function splitOnce(text: string, at: string): [string, string?] {
  const index = text.indexOf(at);
  return index < 0 ? [text] : [text.slice(0, index), text.slice(index + at.length)];
}
