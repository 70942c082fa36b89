/**
 * Cloud Storage by its JSON API, and addresses signed in the name of the own service account.
 *
 * Requests are made here and not by @google-cloud/storage: its calls take no AbortSignal and no time limit (the `timeout` of an upload waits for ever, that of a
 * delete becomes a query parameter), so that a write given up could still happen later, and its errors hold the headers with the token. Every call here may be repeated: a write
 * puts the same bytes in the same place.
 */
import { createHash } from 'node:crypto';
import { AppError } from '../errors.ts';
import { type Answer, ask, type Call, type Request } from './ask.ts';
import { askAgain, type Rig } from './ask-again.ts';
import { askForBody, type StreamedAnswer } from './ask-for-body.ts';
import { type Asked, failureOf } from './failures.ts';
import type { CallOptions } from './google.ts';
import { type Account, SCOPES } from './identity.ts';
import type { Refusal } from './refusal.ts';
import { signAddress } from './signed-address.ts';
import type { StorageApi } from './storage.ts';
import { expectedOf, wholeObject } from './whole-object.ts';

export interface StorageOptions extends Rig {
  account: Account;
  /** STORAGE_EMULATOR_HOST: it is asked without any token, and stands for Cloud Storage alone. */
  emulator: string | undefined;
  /** GOOGLE_APIS_ROOT_URL, for Cloud Storage and for IAM credentials. */
  rootUrl: string | undefined;
}

const API = 'Cloud Storage API';
const IAM_API = 'IAM Service Account Credentials API';
/** Of one attempt. An upload of 20 MB over a slow line takes half of it. */
const ATTEMPT_MS = 60_000;
const MOST_ANSWER_BYTES = 4_194_304;
const MOST_PAGE = 1_000;
/** A page may be short, or empty, and not the last. */
const MOST_PAGES = 100;

const NO_BUCKET = /bucket does not exist/i;

/** Of a bucket that there is. */
class NoSuchObject extends Error {}

/** A request, and what it is for. */
interface Asking extends Request {
  call: Call;
}

type Attempt = (asking: Asking, signal: AbortSignal) => Promise<Answer>;

export function createStorageApi(options: StorageOptions): StorageApi {
  const { account, emulator, rootUrl, clock } = options;
  const root = emulator ?? rootUrl ?? 'https://storage.googleapis.com';
  const iam = rootUrl ?? 'https://iamcredentials.googleapis.com';
  const objectUrl = (bucket: string, name: string) =>
    `${root}/storage/v1/b/${encodeURIComponent(bucket)}/o/${encodeURIComponent(checkName(name))}`;
  const inFull: Attempt = ({ call: as, ...request }, signal) =>
    ask(request, { ms: ATTEMPT_MS, bytes: MOST_ANSWER_BYTES, signal }, clock, as);
  const storage = (operation: keyof StorageApi): Call => ({ upstream: 'storage', operation });

  /** Asks with a token, once more with a new one where it is not accepted, and again as often as is sensible. */
  function call(
    asking: Asking,
    scope: string | undefined,
    asked: Omit<Asked, 'account' | 'scope'>,
    signal: AbortSignal,
    once = inFull,
  ) {
    const attempt = async (resends: number): Promise<Answer> => {
      const request = { ...asking, call: { ...asking.call, resends } };
      if (scope === undefined) return once(request, signal);
      const authorized = async () =>
        once({ ...request, headers: { ...request.headers, ...(await account.headers(scope, signal)) } }, signal);
      const answer = await authorized();
      return answer.status === 401 && account.forget(scope) ? authorized() : answer;
    };
    const failure = async (refusal: Refusal) =>
      failureOf(refusal, { ...asked, scope: scope ?? '', account: await account.email() });
    return askAgain({ attempt, api: asked.api, failure, signal }, options);
  }

  function inBucket(bucket: string, request: Asking, signal: AbortSignal, once = inFull): Promise<Answer> {
    const reads = request.method === undefined;
    const remedy = `give it the role roles/storage.${reads ? 'objectViewer' : 'objectUser'} on the bucket ${bucket}`;
    const needed = reads ? SCOPES.storageRead : SCOPES.storage;
    const scope = emulator === undefined ? needed : undefined;
    return call(request, scope, { api: API, thing: `bucket ${bucket}`, remedy }, signal, once);
  }

  /** Undefined where the bucket has no such object. */
  async function ofObject(bucket: string, request: Asking, signal: AbortSignal, once = inFull) {
    try {
      return await inBucket(bucket, request, signal, async (...given) => {
        const answer = await once(...given);
        if (answer.status === 404 && !NO_BUCKET.test(textOf(answer.bytes))) throw new NoSuchObject();
        return answer;
      });
    } catch (error) {
      if (error instanceof NoSuchObject) return undefined;
      throw error;
    }
  }

  return {
    async read(bucket, name, { signal }) {
      let answer: StreamedAnswer | undefined;
      const streamed: Attempt = async ({ call: as, ...request }, limit) => {
        answer = await askForBody(request, { ms: ATTEMPT_MS, signal: limit }, clock, as);
        return answer;
      };
      // What is kept packed comes unpacked, so that its bytes are those that were meant.
      const request = {
        call: storage('read'),
        url: `${objectUrl(bucket, name)}?alt=media`,
        headers: { 'accept-encoding': 'identity' },
      };
      if (!(await ofObject(bucket, request, signal, streamed)) || !answer?.body) return undefined;
      const expected = expectedOf(answer.headers);
      if (!expected) {
        await answer.body.cancel();
        throw new AppError('unavailable', `The ${API} answered with something that is no object`);
      }
      const type = answer.headers.get('content-type') ?? 'application/octet-stream';
      return { size: expected.size, type, body: wholeObject(answer.body, expected, API) };
    },

    async write(bucket, name, bytes, type, { signal }) {
      if (!/^[\x20-\x7e]{1,255}$/.test(type)) throw new AppError('invalid', 'an object needs a media type');
      const md5Hash = createHash('md5').update(bytes).digest('base64');
      const request: Asking = {
        call: storage('write'),
        url: `${root}/upload/storage/v1/b/${encodeURIComponent(bucket)}/o?uploadType=multipart&fields=md5Hash`,
        method: 'POST',
        // Cloud Storage itself refuses bytes that are not those of `md5Hash`, and then keeps none.
        ...related(
          { name: checkName(name), contentType: type, cacheControl: 'no-store', md5Hash },
          bytes,
          options.ids.unique(),
        ),
      };
      const answer = await inBucket(bucket, request, signal);
      if ((jsonOf(answer) as { md5Hash?: unknown }).md5Hash !== md5Hash)
        throw new AppError('unavailable', `The ${API} keeps other bytes than it was given`);
    },

    async delete(bucket, name, { signal }) {
      await ofObject(bucket, { call: storage('delete'), url: objectUrl(bucket, name), method: 'DELETE' }, signal);
    },

    async list(bucket, prefix, after, limit, { signal }) {
      const names: string[] = [];
      let pageToken: string | undefined;
      for (let page = 0; page < MOST_PAGES && names.length < limit; page++) {
        const query = new URLSearchParams({
          fields: 'items(name),nextPageToken',
          prefix,
          // It is inclusive: one more, and the first of them is left out.
          ...(after !== undefined && { startOffset: after }),
          maxResults: String(Math.min(limit - names.length + 1, MOST_PAGE)),
          ...(pageToken !== undefined && { pageToken }),
        });
        const url = `${root}/storage/v1/b/${encodeURIComponent(bucket)}/o?${query}`;
        const { items, nextPageToken } = jsonOf(
          await inBucket(bucket, { call: storage('list'), url }, signal),
        ) as Record<string, unknown>;
        for (const item of Array.isArray(items) ? items : []) {
          const { name } = Object(item) as { name?: unknown };
          if (typeof name === 'string' && name.startsWith(prefix) && isAfter(name, after)) names.push(name);
        }
        pageToken = typeof nextPageToken === 'string' && nextPageToken !== '' ? nextPageToken : undefined;
        if (pageToken === undefined) break;
      }
      return names.slice(0, limit);
    },

    async sign(bucket, name, seconds, { signal }) {
      const email = await account.email();
      if (email === undefined)
        throw new AppError(
          'not_configured',
          'addresses are signed in the name of a service account, and there is none',
        );
      const parts = { root, bucket, name: checkName(name), seconds, account: email, now: clock.now() };
      return signAddress(parts, (text) => signBlob(email, text, { signal }));
    },
  };

  async function signBlob(email: string, text: string, { signal }: CallOptions): Promise<Uint8Array> {
    const request: Asking = {
      call: { upstream: 'iam', operation: 'signBlob' },
      url: `${iam}/v1/projects/-/serviceAccounts/${encodeURIComponent(email)}:signBlob`,
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ payload: Buffer.from(text).toString('base64') }),
    };
    const asked = {
      api: IAM_API,
      thing: 'signature of its service account',
      remedy: 'give it the role roles/iam.serviceAccountTokenCreator on itself',
    };
    const { signedBlob } = jsonOf(await call(request, SCOPES.iam, asked, signal)) as { signedBlob?: unknown };
    if (typeof signedBlob !== 'string' || signedBlob === '')
      throw new AppError('unavailable', `The ${IAM_API} answers without a signature`);
    return Buffer.from(signedBlob, 'base64');
  }
}

/** multipart/related (RFC 2387): what is said of the object, then its bytes. `boundary`: random, so that it is not in the bytes. */
function related(metadata: object, bytes: Uint8Array, boundary: string) {
  const { contentType } = metadata as { contentType: string };
  const head = `--${boundary}\r\ncontent-type: application/json\r\n\r\n${JSON.stringify(metadata)}\r\n--${boundary}\r\ncontent-type: ${contentType}\r\n\r\n`;
  return {
    headers: { 'content-type': `multipart/related; boundary=${boundary}` },
    body: Buffer.concat([Buffer.from(head), bytes, Buffer.from(`\r\n--${boundary}--`)]),
  };
}

/** https://cloud.google.com/storage/docs/objects#naming. A single dot or two would leave the address. */
function checkName(name: string): string {
  const bytes = Buffer.byteLength(name);
  if (bytes < 1 || bytes > 1_024 || name === '.' || name === '..' || /[\r\n]/.test(name) || !name.isWellFormed())
    throw new AppError('invalid', 'this is not the name of an object');
  return name;
}

/** In the order of their UTF-8 bytes, which is not that of UTF-16. */
function isAfter(name: string, after: string | undefined): boolean {
  return after === undefined || Buffer.compare(Buffer.from(name), Buffer.from(after)) > 0;
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes.subarray(0, 1_000));
}

/** An object, whatever was answered. */
function jsonOf({ bytes }: Answer): object {
  try {
    return Object(JSON.parse(new TextDecoder().decode(bytes))) as object;
  } catch {
    throw new AppError('unavailable', 'Google answers with something else than JSON');
  }
}
