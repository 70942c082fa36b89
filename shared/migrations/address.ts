/** Where a target's database is reached: read anew for each session, since a secret may have been changed, and kept no longer. */
import { readFile } from 'node:fs/promises';
import type { Duplex } from 'node:stream';
import type { Clock } from '../clock.ts';
import { variable } from '../config.ts';
import { AppError } from '../errors.ts';
import type { Google } from '../google/google.ts';
import { inTime } from '../google/in-time.ts';
import { keepSecret } from '../telemetry/redact.ts';
import { googleFailure } from './address-failure.ts';
import { checkAddress } from './check-address.ts';
import type { SecretRef, Target } from './target.ts';

/** A server that is reached otherwise than by an address. */
export interface Route {
  user: string;
  password: string;
  database: string;
  /** A new wire to the server, on which nothing was said yet; encrypted, the server checked. Throws `not_configured` and `unavailable`, within a minute. */
  dial(signal: AbortSignal): Promise<Duplex>;
}

export interface AddressGiven {
  signal: AbortSignal;
  clock: Clock;
  google: () => Promise<Google>;
  /** Whose variables; the process's own where it is absent. */
  env?: Record<string, string | undefined>;
}

const SECRET_MS = 30_000;

/** An address as the kind has it, for SQLite a path, for Firestore ''. Throws `not_configured` and `unavailable`, without the address. */
export async function addressOf(
  { name, kind, address }: Pick<Target, 'name' | 'kind' | 'address'>,
  given: AddressGiven,
): Promise<string | Route> {
  if (address.from === 'path') return address.path;
  if (address.from === 'firestore') return '';
  if (address.from === 'cloud-sql') {
    const { password, database } = address;
    const secret = password === 'iam' ? '' : await textOf(password, `target ${name}: its password`, given);
    if (secret !== '') keepSecret(secret);
    const { dialCloudSql, loginOf } = await import('./cloud-sql.ts');
    return {
      ...{ user: loginOf(address, kind), password: secret, database },
      dial: async (signal) =>
        dialCloudSql(address, `target ${name}`, {
          ...{ signal, clock: given.clock, sqlAdmin: (await given.google()).as({ type: 'own' }).sqlAdmin },
        }),
    };
  }
  const what = `target ${name}: its address`;
  const found = await textOf(address, what, given);
  if (kind !== 'sqlite') keepSecret(found);
  checkAddress(kind, found, what, placeOf(address));
  // golang-migrate writes sqlite3://path.
  return kind === 'sqlite' ? found.replace(/^sqlite3?:\/\//, '') : found;
}

function placeOf(ref: SecretRef): string {
  if (ref.from === 'variable') return `the variable ${ref.name}`;
  return ref.from === 'secret' ? `the secret version ${ref.name}` : `the file ${ref.path}`;
}

async function textOf(ref: SecretRef, what: string, given: AddressGiven): Promise<string> {
  const refused = (why: string, cause?: unknown) =>
    new AppError('not_configured', `${what} is to be in ${placeOf(ref)}, ${why}`, { cause });
  if (ref.from === 'variable') {
    const found = variable(ref.name, given.env);
    if (!found) throw refused('which is not set');
    return found;
  }
  if (ref.from === 'secret') {
    const found = await secretOf(ref.name, what, given);
    if (!found) throw refused('which is empty');
    return found;
  }
  let found: string;
  try {
    found = (await readFile(ref.path, 'utf8')).trim();
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code ?? 'unknown';
    throw refused(`which cannot be read: ${why}`, error);
  }
  if (!found) throw refused('which is empty');
  return found;
}

async function secretOf(name: string, what: string, { signal, clock, google }: AddressGiven): Promise<string> {
  const late = () => new AppError('unavailable', `no answer within ${SECRET_MS / 1_000} seconds`);
  try {
    const { secrets } = (await google()).as({ type: 'own' });
    const read = (limit: AbortSignal) => secrets.access(name, { signal: AbortSignal.any([signal, limit]) });
    const bytes = await inTime(read, { ms: SECRET_MS, clock, late });
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes).trim();
  } catch (error) {
    signal.throwIfAborted();
    throw googleFailure(error, `${what} is to be in the secret version ${name}`);
  }
}
