/** Accounts in whose name Google is asked, and the access tokens that say so. */
import { AppError } from '../errors.ts';

/** Least of what a call needs: a token that is stolen from one call is of no use for another API. */
export const SCOPES = {
  slides: 'https://www.googleapis.com/auth/presentations',
  drive: 'https://www.googleapis.com/auth/drive.readonly',
  storageRead: 'https://www.googleapis.com/auth/devstorage.read_only',
  storage: 'https://www.googleapis.com/auth/devstorage.read_write',
  /** Secret Manager takes no narrower one. */
  cloud: 'https://www.googleapis.com/auth/cloud-platform',
  sqlAdmin: 'https://www.googleapis.com/auth/sqlservice.admin',
  /** To sign in to a database of Cloud SQL, and nothing else. */
  sqlLogin: 'https://www.googleapis.com/auth/sqlservice.login',
  /** To sign with the own service account. */
  iam: 'https://www.googleapis.com/auth/iam',
} as const;

export interface Account {
  /** Its address where it can be told. Never rejects. */
  email(): Promise<string | undefined>;
  /** What a request of this scope bears: `authorization`, and who is billed where that is somebody else. Throws AppErrors: `not_configured`, `google_unauthenticated`, `google_forbidden`, `unavailable`. */
  headers(scope: string, signal: AbortSignal): Promise<Record<string, string>>;
  /** Google does not take the token: the next one is new. Answers false where there is none but this. */
  forget(scope: string): boolean;
}

/** What a header can hold; anything else, put into one, would be quoted in an error. */
const TOKEN = /^[\x21-\x7e]{1,16384}$/;

/** By a token that they gave us: whose it is and what it may do is Google's to judge. */
export function createCallerAccount(token: string): Account {
  return {
    email: () => Promise.resolve(undefined),
    headers: () =>
      TOKEN.test(token)
        ? Promise.resolve({ authorization: `Bearer ${token}` })
        : Promise.reject(new AppError('google_unauthenticated', "The caller's access token is not one")),
    forget: () => false,
  };
}
