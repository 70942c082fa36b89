/**
 * Google's APIs as Hawker uses them: a few methods each, bounded in time, with errors from the one catalogue that hold no token and no address.
 *
 * Errors of every method (AppError): `google_unauthenticated` where the token is not accepted, `google_forbidden` (naming the account, where it is known, and
 * what it lacks), `not_found`, `too_many_requests` with `Retry-After` where waiting would have taken longer than the call may, `unavailable` where nothing
 * sensible was answered, `google_refused` for what Google finds wrong in a request itself, `not_configured` where there are no credentials at all. What only reads is repeated by itself within its time.
 */
import type { DriveApi } from './drive.ts';
import type { SecretManagerApi } from './secret-manager.ts';
import type { SlidesApi } from './slides.ts';
import type { SqlAdminApi } from './sql-admin.ts';
import type { StorageApi } from './storage.ts';

/** In whose name Google is asked: Hawker's own (application default credentials, or HAWKER_GOOGLE_SUBJECT by delegation), or the caller's, by an access token of theirs. */
export type Identity = { type: 'own' } | { type: 'caller'; token: string };

export interface Google {
  as(identity: Identity): GoogleApis;
}

export interface GoogleApis {
  /** The e-mail address of the account, where it can be told. Never rejects. */
  account(): Promise<string | undefined>;
  slides: SlidesApi;
  drive: DriveApi;
  storage: StorageApi;
  secrets: SecretManagerApi;
  sqlAdmin: SqlAdminApi;
}

/** How long a call may take in all, waits and repetitions included. */
export interface CallOptions {
  signal: AbortSignal;
}
