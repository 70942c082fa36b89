/**
 * The Cloud SQL Admin API, as the connector uses it. The connector makes addresses and bodies; they are sent from here, since its own client waits for ever, repeats a POST without heed to
 * `Retry-After` and puts tokens into errors.
 */
import { AppError } from '../errors.ts';
import { SCOPES } from './identity.ts';
import { parseJson, readWithToken, type Session } from './session.ts';
import type { SqlAdminApi } from './sql-admin.ts';

const API = 'Cloud SQL Admin API';
const ROOT = 'https://sqladmin.googleapis.com';
const ATTEMPT_MS = 10_000;
const MOST_ANSWER_BYTES = 1_048_576;

export function createSqlAdminApi(session: Session): SqlAdminApi {
  const { account, rootUrl = ROOT } = session;
  return {
    async call({ url, method, body }, instance, { signal }) {
      const { origin, pathname, search } = new URL(url);
      // A token must not go where it was not meant for.
      if (origin !== ROOT) throw new AppError('internal', `the connector asks another than the ${API}`);
      const about = {
        upstream: 'sqladmin' as const,
        api: API,
        thing: `instance ${instance}`,
        remedy: 'grant it the role roles/cloudsql.client in the project of that instance',
        scope: SCOPES.sqlAdmin,
      };
      const { bytes } = await readWithToken(
        session,
        about,
        async (headers) => ({
          url: `${rootUrl}${pathname}${search}`,
          method,
          headers: { ...headers, ...(body !== undefined && { 'content-type': 'application/json' }) },
          ...(body !== undefined && { body: JSON.stringify(body) }),
        }),
        { operation: operationOf(pathname), ms: ATTEMPT_MS, bytes: MOST_ANSWER_BYTES, signal },
      );
      return parseJson(bytes);
    },

    async loginToken({ signal }) {
      const { authorization = '' } = await account.headers(SCOPES.sqlLogin, signal);
      return authorization.replace(/^Bearer /i, '');
    },
  };
}

/** By the last word of the path, where it is one that the connector has. */
function operationOf(pathname: string): string {
  return /(?:connectSettings|generateEphemeralCert)$/.exec(pathname)?.[0] ?? 'call';
}
