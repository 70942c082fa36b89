/** Secret Manager v1, as far as it is used: https://cloud.google.com/secret-manager/docs/reference/rest/v1/projects.secrets.versions/access. */
import { AppError } from '../errors.ts';
import { crc32c } from './crc32c.ts';
import { SCOPES } from './identity.ts';
import type { SecretManagerApi } from './secret-manager.ts';
import { parseJson, readWithToken, type Session } from './session.ts';

const API = 'Secret Manager API';
const ATTEMPT_MS = 10_000;
/** A payload has 65,536 at most; in base64, with what is around it. */
const MOST_ANSWER_BYTES = 98_304;
const MOST_SECRET_BYTES = 65_536;
/** Nothing in it that an address would read as another path. */
const NAME =
  /^(projects\/[a-z0-9](?:[a-z0-9:.-]{0,61}[a-z0-9])?\/secrets\/[A-Za-z0-9_-]{1,255})\/versions\/[A-Za-z0-9_-]{1,63}$/;

export function createSecretManagerApi(session: Session): SecretManagerApi {
  const root = session.rootUrl ?? 'https://secretmanager.googleapis.com';
  return {
    async access(name, { signal }) {
      const [, secret] = NAME.exec(name) ?? [];
      if (secret === undefined) throw new AppError('not_found', 'There is no secret version of such a name');
      const about = {
        upstream: 'secretmanager' as const,
        api: API,
        thing: `secret version ${name}`,
        remedy: `grant it the role roles/secretmanager.secretAccessor on ${secret}`,
        scope: SCOPES.cloud,
      };
      const { bytes } = await readWithToken(
        session,
        about,
        async (headers) => ({ url: `${root}/v1/${name}:access`, headers }),
        { operation: 'access', ms: ATTEMPT_MS, bytes: MOST_ANSWER_BYTES, signal },
      );
      const secretBytes = payloadOf(parseJson(bytes));
      if (!secretBytes) throw new AppError('unavailable', `The ${API} has answered with other bytes than it keeps`);
      return secretBytes;
    },
  };
}

/** `dataCrc32c` is a 64-bit integer, and so a text in JSON; a version without one is taken as it is. */
function payloadOf(answer: unknown): Uint8Array | undefined {
  const { data, dataCrc32c } = Object((Object(answer) as { payload?: unknown }).payload) as {
    data?: unknown;
    dataCrc32c?: unknown;
  };
  if (typeof data !== 'string' || !/^[A-Za-z0-9+/]*={0,2}$/.test(data)) return undefined;
  const bytes = Buffer.from(data, 'base64');
  if (bytes.length > MOST_SECRET_BYTES) return undefined;
  return dataCrc32c === undefined || String(dataCrc32c) === String(crc32c(bytes)) ? bytes : undefined;
}
