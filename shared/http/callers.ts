/** Who calls an admin interface, and what they may do. */
import { AppError } from '../errors.ts';

/** Each may do what those before it may. A viewer reads, an editor changes links, an admin also handles domains and keys. */
export const ROLES = ['viewer', 'editor', 'admin'] as const;
export type Role = (typeof ROLES)[number];

export interface Caller {
  /** Stable, and tells apart kinds of credentials: `key:...`, `google:...` or `setting`. */
  id: string;
  role: Role;
  /** The one domain whose things this caller may see and change; all where absent. */
  host?: string;
}

/** Turns an Authorization header into a caller. Throws `unauthenticated`, or `unavailable` where that cannot be found out now. */
export type Authenticate = (authorization: string | undefined) => Promise<Caller>;

/** Throws `forbidden`, naming the role that is needed, unless the caller has it or a higher one. */
export function requireRole(caller: Caller, role: Role): void {
  if (ROLES.indexOf(caller.role) < ROLES.indexOf(role))
    throw new AppError('forbidden', `This needs the role ${role}; these credentials have ${caller.role}`);
}

/** Throws `forbidden` for a caller that is bound to a domain other than `host`; with no `host` given, for any that is bound to one. */
export function requireHost(caller: Caller, host?: string): void {
  if (caller.host !== undefined && caller.host !== host)
    throw new AppError('forbidden', `These credentials are for the domain ${caller.host} alone`);
}
