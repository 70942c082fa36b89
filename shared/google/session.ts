/** What the calls of one account share: a token for each, one new token where Google does not take it, and errors that name the account. */
import type { AppError } from '../errors.ts';
import { type Answer, ask, type Bounds, type Call, type Request } from './ask.ts';
import { askAgain, type Rig } from './ask-again.ts';
import { type Asked, failureOf } from './failures.ts';
import type { Account } from './identity.ts';
import type { Refusal } from './refusal.ts';

/** What is asked for; the account is added. */
export type About = Omit<Asked, 'account'> & Pick<Call, 'upstream'>;

/** What is asked of an API, and within which bounds. */
export type BoundCall = Bounds & Pick<Call, 'operation'>;

export interface Session extends Rig {
  account: Account;
  /** GOOGLE_APIS_ROOT_URL. */
  rootUrl: string | undefined;
}

/** Asks once, or twice where the first token was not taken. Throws NoAnswer, and the errors of getting a token. */
export async function askWithToken(
  session: Session,
  { scope, upstream }: Pick<About, 'scope' | 'upstream'>,
  make: (headers: Record<string, string>) => Promise<Request>,
  { operation, ...bounds }: BoundCall,
  resends: number,
): Promise<Answer> {
  const { account, clock } = session;
  const call = { upstream, operation, resends };
  const once = async () => ask(await make(await account.headers(scope, bounds.signal)), bounds, clock, call);
  const answer = await once();
  return answer.status === 401 && account.forget(scope) ? once() : answer;
}

/** Answers what came with 2xx. Throws AppErrors alone. */
export function readWithToken(
  session: Session,
  about: About,
  make: (headers: Record<string, string>) => Promise<Request>,
  call: BoundCall,
): Promise<Answer> {
  return askAgain(
    {
      attempt: (resends) => askWithToken(session, about, make, call, resends),
      api: about.api,
      failure: (refusal) => refusedFor(session, about, refusal),
      signal: call.signal,
    },
    session,
  );
}

export async function refusedFor(session: Session, about: About, refusal: Refusal): Promise<AppError> {
  return failureOf(refusal, { ...about, account: await session.account.email() });
}

/** Undefined where it is none. */
export function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes)) as unknown;
  } catch {
    return undefined;
  }
}

/** An id of Drive as Google makes them; anything else is no file's, and would be read as a path. */
export function isFileId(id: string): boolean {
  return /^[\w-]{1,256}$/.test(id);
}
