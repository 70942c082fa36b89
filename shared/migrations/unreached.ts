/** A server that was not reached, in the same words whatever its kind. */
import { AppError } from '../errors.ts';

export interface ServerPlace {
  /** A name, an address, or the folder of a socket. */
  host: string;
  port: number;
}

const SILENT = new Set(['ECONNREFUSED', 'ETIMEDOUT', 'EHOSTUNREACH', 'EHOSTDOWN', 'ENETUNREACH', 'ENOENT', 'EACCES']);

/** By node's code of the failure; undefined where it is none of the way there. No place: what was read as one may be a part of a password. */
export function unreached(code: string | undefined, place: ServerPlace | undefined): AppError | undefined {
  const told = (what: string) => new AppError('unavailable', `${what} (${code})`);
  if (code === 'ENOTFOUND') return told(place ? `there is no host ${place.host}` : 'there is no host of that name');
  if (code === 'EAI_AGAIN') return told(`nobody says where ${place ? `the host ${place.host}` : 'that host'} is`);
  return SILENT.has(code ?? '') ? told(`nobody answers at ${place ? at(place) : 'that address'}`) : undefined;
}

function at({ host, port }: ServerPlace): string {
  if (host.startsWith('/')) return `${host}, port ${port}`;
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Where a password has a `/`, `?` or `#` that was not percent-encoded, its beginning is read as the host's. */
export function isCertain(address: string): boolean {
  return !/^[^:]*:\/\/[^/?#]*[/?#].*@/s.test(address);
}
