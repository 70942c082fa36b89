/** A target that `-path` and `-database` name. */
import { resolve } from 'node:path';
import { DEFAULTS, type Target } from '#shared/migrations/target.ts';
import { AddressError, readDatabaseUrl, schemeOf } from './database-url.ts';

/** Addresses travel to the drivers by reference alone. */
const VARIABLE = 'MIGRATE_DATABASE_ADDRESS';

export interface CompatTarget {
  /** None: the settings name it. */
  target?: Target;
  /** As golang-migrate names it in its errors. */
  source: string;
  unused: string[];
}

/** Throws AddressError, in golang-migrate's words. */
export function compatTarget(given: {
  source?: string;
  path?: string;
  database?: string;
  target?: string;
}): CompatTarget {
  const source = given.source ?? (given.path === undefined ? '' : `file://${given.path}`);
  if (given.target !== undefined && source === '' && given.database === undefined) return { source, unused: [] };
  if (schemeOf(source, 'source') !== 'file')
    throw new AddressError(
      `failed to open source, ${JSON.stringify(source)}: source driver: unknown driver ${schemeOf(source, 'source')} (forgotten import?)`,
    );
  const read = readDatabaseUrl(given.database ?? '');
  const { kind, address, id, table = DEFAULTS.table, statementTimeoutMs = DEFAULTS.statementTimeoutMs, unused } = read;
  if (kind !== 'sqlite') process.env[VARIABLE] = address;
  const target: Target = {
    ...{ name: `cli-${id}`, kind, folder: resolve(source.slice('file://'.length)), table, labels: {} },
    address: kind === 'sqlite' ? { from: 'path', path: address } : { from: 'variable', name: VARIABLE },
    // golang-migrate sets neither by itself.
    ...{ lockTimeoutMs: DEFAULTS.lockTimeoutMs, statementTimeoutMs },
  };
  return { target, source, unused };
}
