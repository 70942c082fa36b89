/**
 * Cloud Storage as its clients speak to it, for startFakeGoogle: the JSON API with uploads in one request, the XML API for signed addresses, and
 * `signBlob` of the IAM credentials API. Nothing in it is public, and every attempt to make it so is recorded.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { gunzipSync } from 'node:zlib';
import type { Clock } from '../../clock.ts';
import { answering, Refused, sendJson } from './answers.ts';
import type { FakePart } from './fake-google.ts';
import { verifySigned, type XmlRefusal } from './signed-address.ts';
import type { Signer } from './signer.ts';
import { createFakeObjects, type FakeObject, type FakeObjects, md5, resourceOf } from './storage-objects.ts';
import { readRelated, type Upload } from './storage-upload.ts';
import type { Tokens } from './tokens.ts';

export interface FakeStorage extends FakePart {
  /** What the buckets hold. */
  readonly objects: FakeObjects;
  /** Permissions that nobody has, such as `storage.objects.create` or `iam.serviceAccounts.signBlob`. */
  readonly denied: Set<string>;
  /** `METHOD path?query` of requests that would have made something public. Must stay empty. */
  readonly publicAttempts: readonly string[];
  /** `GET /bucket/object` and the like of every request for a signed address, with the status it was answered. */
  readonly fetches: readonly { request: string; status: number }[];
  /** Names on one page of a listing, whatever is asked for; 1,000 at Google. */
  pageSize: number;
  /** The next `times` answers (1) tell checksums of other bytes. */
  spoilChecksums(times?: number): void;
  /** The bytes of the next upload are others when they arrive. */
  garbleUploads(): void;
}

const WRITING = ['cloud-platform', 'devstorage.read_write', 'devstorage.full_control'];
const READING = [...WRITING, 'cloud-platform.read-only', 'devstorage.read_only'];
const SIGNING = ['cloud-platform', 'iam'];
const MOST_LISTED = 1_000;
const MOST_NAME_BYTES = 1_024;
const SIGN_BLOB = /^\/v1\/projects\/-\/serviceAccounts\/([^/:]+):signBlob$/;
const JSON_API =
  /^\/(upload\/|download\/)?storage\/v1\/b\/([^/]+)(?:(\/o)(?:\/([^/]+))?)?(\/(?:acl|iam|defaultObjectAcl))?(?:\/|$)/;
const XML_API = /^\/([a-z0-9][a-z0-9._-]+)\/(.+)$/;

export function createFakeStorage(options: { clock: Pick<Clock, 'now'>; signer: Signer; tokens: Tokens }): FakeStorage {
  const { clock, signer, tokens } = options;
  const objects = createFakeObjects();
  const denied = new Set<string>();
  const publicAttempts: string[] = [];
  const fetches: { request: string; status: number }[] = [];
  let spoiled = 0;
  let garbled = false;

  /** The token is judged first, then the bucket, then what the account may do with it. */
  function demand(request: IncomingMessage, scopes: string[], permission: string, bucket: string): void {
    const { account } = tokens.require(request, scopes);
    if (!objects.has(bucket)) throw new Refused(404, 'The specified bucket does not exist.', { reason: 'notFound' });
    if (!denied.has(permission) && objects.admits(bucket, account)) return;
    const message = `${account} does not have ${permission} access to the Google Cloud Storage object. Permission '${permission}' denied on resource (or it may not exist).`;
    throw new Refused(403, message, { reason: 'forbidden' });
  }

  function store(
    bucket: string,
    { metadata, bytes: sent, type }: Upload,
    named: string | null,
    spoil: boolean,
  ): object {
    const bytes = garbled ? Buffer.concat([sent, sent]) : sent;
    garbled = false;
    const name = named ?? metadata['name'] ?? '';
    if (name === '' || Buffer.byteLength(name) > MOST_NAME_BYTES)
      throw new Refused(400, 'Required object name', { reason: 'required' });
    const { md5Hash: told } = metadata;
    if (told !== undefined && told !== md5(bytes))
      throw new Refused(400, `Provided MD5 hash "${told}" doesn't match calculated MD5 hash "${md5(bytes)}".`, {
        reason: 'invalid',
      });
    const { contentType } = metadata;
    if (contentType !== undefined && type !== undefined && contentType !== type)
      throw new Refused(
        400,
        `Content-Type specified in the upload (${type}) does not match Content-Type specified in metadata (${contentType}).`,
        { reason: 'invalid' },
      );
    const media = contentType ?? type ?? 'application/octet-stream';
    return resourceOf(bucket, name, objects.put(bucket, name, bytes, media, metadata['contentEncoding']), spoil);
  }

  function list(bucket: string, query: URLSearchParams): object {
    const token = Buffer.from(query.get('pageToken') ?? '', 'base64url');
    const from = [Buffer.from(query.get('startOffset') ?? ''), token].sort(Buffer.compare)[1] ?? token;
    const prefix = query.get('prefix') ?? '';
    const names = objects
      .names(bucket)
      .filter((name) => name.startsWith(prefix) && Buffer.compare(Buffer.from(name), from) >= 0);
    const limit = Math.min(Number(query.get('maxResults') ?? MOST_LISTED), part.pageSize);
    const next = names[limit];
    const items = names
      .slice(0, limit)
      .map((name) => resourceOf(bucket, name, objects.get(bucket, name) as FakeObject));
    return {
      kind: 'storage#objects',
      ...(next !== undefined && { nextPageToken: Buffer.from(next).toString('base64url') }),
      ...(items.length > 0 && { items }),
    };
  }

  function jsonApi(
    request: IncomingMessage,
    response: ServerResponse,
    url: URL,
    body: Buffer,
    match: RegExpExecArray,
  ): unknown {
    const [, kind, bucketPart = '', isObject, namePart, special] = match;
    const bucket = decodeURIComponent(bucketPart);
    const name = namePart && decodeURIComponent(namePart);
    const spoil = spoiled > 0 && spoiled-- > 0;
    if (special && request.method !== 'GET')
      throw new Refused(412, 'Public access prevention is enforced.', { reason: 'conditionNotMet' });
    if (kind === 'upload/') {
      demand(request, WRITING, 'storage.objects.create', bucket);
      if (url.searchParams.get('uploadType') !== 'multipart')
        throw new Refused(501, 'The fake takes uploads in one request alone', { reason: 'notImplemented' });
      return sendJson(response, 200, store(bucket, readRelated(request, body), url.searchParams.get('name'), spoil));
    }
    if (!isObject) {
      if (request.method !== 'GET') throw new Refused(405, 'Method not allowed', { reason: 'methodNotAllowed' });
      demand(request, READING, 'storage.buckets.get', bucket);
      return sendJson(response, 200, { kind: 'storage#bucket', name: bucket });
    }
    if (!name) {
      demand(request, READING, 'storage.objects.list', bucket);
      return sendJson(response, 200, list(bucket, url.searchParams));
    }
    const deletes = request.method === 'DELETE';
    if (!deletes && request.method !== 'GET')
      throw new Refused(405, 'Method not allowed', { reason: 'methodNotAllowed' });
    demand(request, deletes ? WRITING : READING, `storage.objects.${deletes ? 'delete' : 'get'}`, bucket);
    const object = objects.get(bucket, name);
    // Who asks for bytes is told in plain words.
    if (!object && url.searchParams.get('alt') === 'media')
      return response
        .writeHead(404, { 'content-type': 'text/html; charset=UTF-8' })
        .end(`No such object: ${bucket}/${name}`);
    if (!object) throw new Refused(404, `No such object: ${bucket}/${name}`, { reason: 'notFound' });
    if (url.searchParams.get('alt') === 'media') return sendMedia(request, response, object, spoil);
    if (!deletes) return sendJson(response, 200, resourceOf(bucket, name, object, spoil));
    objects.delete(bucket, name);
    return response.writeHead(204).end();
  }

  function signed(request: IncomingMessage, url: URL, bucket: string, path: string): FakeObject | XmlRefusal {
    const keyOf = (account: string) => (account === signer.account ? signer.publicKey : undefined);
    const account = verifySigned(request, url, { keyOf, now: clock.now });
    if (typeof account !== 'string') return account;
    if (!objects.has(bucket))
      return { status: 404, code: 'NoSuchBucket', message: 'The specified bucket does not exist.' };
    if (denied.has('storage.objects.get') || !objects.admits(bucket, account))
      return { status: 403, code: 'AccessDenied', message: 'Access denied.' };
    return (
      objects.get(bucket, decodeURIComponent(path)) ?? {
        status: 404,
        code: 'NoSuchKey',
        message: 'The specified key does not exist.',
      }
    );
  }

  function signBlob(request: IncomingMessage, body: Buffer, email: string): object {
    const { account } = tokens.require(request, SIGNING);
    if (account !== signer.account || email !== signer.account || denied.has('iam.serviceAccounts.signBlob'))
      throw new Refused(403, "Permission 'iam.serviceAccounts.signBlob' denied on resource (or it may not exist).");
    const { payload } = JSON.parse(body.toString('utf8')) as { payload?: unknown };
    if (typeof payload !== 'string') throw new Refused(400, 'Request contains an invalid argument.');
    return { keyId: signer.keyId, signedBlob: signer.sign(Buffer.from(payload, 'base64')).toString('base64') };
  }

  const part: FakeStorage = {
    objects,
    denied,
    pageSize: MOST_LISTED,
    publicAttempts,
    fetches,
    spoilChecksums(times = 1) {
      spoiled = times;
    },
    garbleUploads() {
      garbled = true;
    },
    async handle(request, response, url, body) {
      const [, email] = SIGN_BLOB.exec(url.pathname) ?? [];
      if (email !== undefined && request.method === 'POST') {
        await answering(response, 'api', () =>
          sendJson(response, 200, signBlob(request, body, decodeURIComponent(email))),
        );
        return true;
      }
      const named = JSON_API.exec(url.pathname);
      if (named) {
        if (asksForPublic(request, url, body)) publicAttempts.push(`${request.method} ${url.pathname}${url.search}`);
        await answering(response, 'drive', () => jsonApi(request, response, url, body, named));
        return true;
      }
      const [, bucket = '', path = ''] = XML_API.exec(url.pathname) ?? [];
      const reads = request.method === 'GET' || request.method === 'HEAD';
      if (!reads || !(url.searchParams.has('X-Goog-Signature') || objects.has(bucket))) return false;
      const found = signed(request, url, bucket, path);
      const status = 'code' in found ? found.status : 200;
      fetches.push({ request: `${request.method} ${url.pathname}`, status });
      if ('code' in found) {
        const text = `<?xml version='1.0' encoding='UTF-8'?><Error><Code>${found.code}</Code><Message>${found.message}</Message></Error>`;
        response.writeHead(status, { 'content-type': 'application/xml; charset=UTF-8' }).end(text);
      } else sendMedia(request, response, found, false);
      return true;
    },
  };
  return part;
}

/** As both APIs hand bytes out. What is packed Google unpacks itself for whoever does not take gzip, and then does not tell a length. */
function sendMedia(request: IncomingMessage, response: ServerResponse, object: FakeObject, spoil: boolean): void {
  const { md5Hash, crc32c } = resourceOf('', '', object, spoil);
  const packed = object.encoding === 'gzip';
  const unpack = packed && !/\bgzip\b/.test(String(request.headers['accept-encoding']));
  response.writeHead(200, {
    'content-type': object.type,
    'x-goog-hash': `crc32c=${crc32c},md5=${md5Hash}`,
    'x-goog-generation': String(object.generation),
    'x-goog-stored-content-length': String(object.bytes.length),
    'x-goog-stored-content-encoding': object.encoding ?? 'identity',
    ...(!unpack && { 'content-length': String(object.bytes.length) }),
    ...(packed && !unpack && { 'content-encoding': 'gzip' }),
  });
  response.end(unpack ? gunzipSync(object.bytes) : object.bytes);
}

/** Access lists and policies, in the path, the query or the metadata of an upload. */
function asksForPublic(request: IncomingMessage, url: URL, body: Buffer): boolean {
  if (request.method === 'GET') return false;
  const query = [...url.searchParams.keys()].some((name) => /predefined.*acl/i.test(name));
  const text = body.toString('latin1', 0, 4_096);
  return (
    query ||
    /\/(?:acl|iam|defaultObjectAcl)(?:\/|$)/.test(url.pathname) ||
    /"acl"|"predefinedAcl"|allUsers|allAuthenticatedUsers/.test(text)
  );
}
