/** The keys of golang-migrate's advisory locks (database/util.go, GenerateAdvisoryLockId). */
import { crc32 } from 'node:zlib';

const SALT = 1_486_364_155n;

function key(schema: string, table: string, database: string): string {
  return ((BigInt(crc32([schema, table, database].join('\0'))) * SALT) & 0xffff_ffffn).toString();
}

/** Its command line passes the path of the address, slash and all, as the database's name; programs that embed it pass the bare name (postgres.go, Open and WithInstance). So the two do not exclude each other, and whoever wants to exclude both takes both. */
export function lockKeys(schema: string, table: string, database: string): [string, string] {
  return [key(schema, table, `/${database}`), key(schema, table, database)];
}
