/** Application default credentials (https://cloud.google.com/docs/authentication/application-default-credentials): a key file, a person's sign-in, or the service account of the place this runs in. */
import type { Clock } from '../clock.ts';
import { AppError } from '../errors.ts';
import { inTime } from './in-time.ts';

/** Of a credentials' file with a private key. */
export interface Key {
  email: string;
  pem: string;
  id: string | undefined;
}

export interface Credentials {
  /** Undefined where they belong to no service account. */
  email(): Promise<string | undefined>;
  key: Key | undefined;
  /** Kept and renewed by Google's library. */
  headers(): Promise<Record<string, string>>;
}

/** Looking for a metadata server where there is none takes 3 seconds. */
const FIND_MS = 5_000;
const NONE =
  'There are no Google credentials: run as a service account on Google Cloud, name a key file in GOOGLE_APPLICATION_CREDENTIALS, or sign in with `gcloud auth application-default login`';

/** Throws `not_configured` within five seconds; looks again when it is called again. Errors of what it answers are the library's own, and hold tokens. */
export async function findCredentials(scope: string, project: string | undefined, clock: Clock): Promise<Credentials> {
  const { auth } = await import('./slides-client.ts');
  // Without a project the library would start gcloud to ask for one; nothing here needs it.
  const library = new auth.GoogleAuth({ scopes: [scope], projectId: project ?? 'unknown' });
  const none = (error?: unknown) => new AppError('not_configured', whyNone(error));
  const client = await inTime(() => library.getClient(), { ms: FIND_MS, clock, late: none }).catch((error: unknown) => {
    throw error instanceof AppError ? error : none(error);
  });
  const { email, key, keyId } = (client instanceof auth.JWT ? client : {}) as {
    email?: string;
    key?: string;
    keyId?: string;
  };
  return {
    key: email && key ? { email, pem: key, id: keyId } : undefined,
    email: async () => (await library.getCredentials()).client_email,
    headers: async () => Object.fromEntries(await client.getRequestHeaders()),
  };
}

/** The library's message quotes the file where it cannot be parsed. */
function whyNone(error: unknown): string {
  const unreadable =
    error instanceof Error && /GOOGLE_APPLICATION_CREDENTIALS environment variable/.test(error.message);
  return unreadable ? 'The file that GOOGLE_APPLICATION_CREDENTIALS names cannot be read as Google credentials' : NONE;
}
