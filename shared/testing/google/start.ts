/**
 * Google on loopback: the metadata server, tokens, Slides, Drive, Cloud Storage and IAM credentials in one server, faults included. `env` makes a process of Hawker's, or
 * a child of it, take it for the real one.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { type Clock, systemClock } from '../../clock.ts';
import { apiError, sendJson } from './answers.ts';
import { createDrive, type FakeDrive } from './drive.ts';
import type { FakePart } from './fake-google.ts';
import { catchAnswer, createFaults, failAfter, failBefore, type GoogleFault, type Where } from './faults.ts';
import { createMetadata } from './metadata.ts';
import { createOAuth, type Delegation } from './oauth.ts';
import { createSigner, type Signer } from './signer.ts';
import { createSlides, type FakeSlides } from './slides.ts';
import { createFakeStorage, type FakeStorage } from './storage.ts';
import { createTokens, type Tokens, tokenOf } from './tokens.ts';

export interface GoogleOptions {
  /** What tokens end by and writes are counted by; never what connections wait for. */
  clock?: Clock;
  /** The service account that the service runs as. */
  account?: string;
  project?: string;
  /** Whom it may speak for: people of `example.com`, for `presentations` and `drive.readonly`, where nothing is said. */
  delegation?: Delegation;
  /** Batches of one account within a minute, 60 at Google; as many as one likes where nothing is said. */
  writesPerMinute?: number;
  /** More APIs. */
  more?: (tokens: Tokens) => readonly FakePart[];
  /** A free one where nothing is said. */
  port?: number;
}

/** One request, as it came in. */
export interface GoogleCall {
  method: string;
  path: string;
  query: Record<string, string>;
  /** Without `authorization`, which `account` and `scopes` stand for. */
  headers: Record<string, string | string[] | undefined>;
  /** Whose token it had, also one that has ended. */
  account?: string;
  scopes?: readonly string[];
  /** The body, where it is JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into any body
  json?: any;
}

export interface FakeGoogle extends AsyncDisposable {
  readonly url: string;
  /** For the environment of whoever is to use it. */
  readonly env: Readonly<Record<string, string>>;
  /** The service account's e-mail address. */
  readonly account: string;
  readonly slides: FakeSlides;
  readonly drive: FakeDrive;
  readonly storage: FakeStorage;
  readonly tokens: Tokens;
  readonly signer: Signer;
  readonly requests: readonly GoogleCall[];
  /** Those whose path fits. */
  requestsTo(path: RegExp): GoogleCall[];
  /** Resolves when this many requests to such a path have come in; they need not be answered yet. */
  arrived(path: RegExp, count?: number): Promise<void>;
  /** What must never happen, and did: something shared or uploaded to Drive, a token or a Drive id in an address, a path that is nobody's. */
  forbidden(): string[];
  /** A caller's own token. */
  issueToken(of: { account: string; scopes: readonly string[]; seconds?: number }): string;
  /** From now on such requests fail so, until what is returned is called. The oldest fault that fits is taken. */
  fail(fault: GoogleFault & Where): () => void;
  /** Forgets all faults. */
  heal(): void;
}

export async function startFakeGoogle(options: GoogleOptions = {}): Promise<FakeGoogle> {
  const {
    clock = systemClock,
    project = 'demo-hawker',
    account = `hawker@${project}.iam.gserviceaccount.com`,
  } = options;
  const { delegation = { domain: 'example.com', scopes: ['presentations', 'drive.readonly'] }, writesPerMinute } =
    options;
  const requests: GoogleCall[] = [];
  const misdeeds: string[] = [];
  const awaited = new Set<() => void>();
  const faults = createFaults();
  const forbid = (what: string) => void misdeeds.push(what);
  const tokens = createTokens(clock);
  const signer = createSigner(account);
  const drive = createDrive({ tokens, account });
  const base = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const slides = createSlides({ clock, tokens, account, base, forbid, ...(writesPerMinute && { writesPerMinute }) });
  const storage = createFakeStorage({ clock, signer, tokens });
  const parts: FakePart[] = [
    createMetadata({ project, signer, tokens }),
    createOAuth({ clock, signer, tokens, delegation }),
    slides,
    drive,
    ...(options.more?.(tokens) ?? []),
    // The last one: to it any path may be a bucket and an object.
    storage,
  ];

  async function take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', base());
    const body = await buffer(request);
    const call = callOf(request, url, body);
    requests.push(call);
    for (const look of awaited) look();
    inspect(request, url, call);
    const fault = faults.take(call.method, call.path);
    if (fault && (await failBefore(fault, request, response))) return;
    const spoil = fault && failAfter(fault, request, response);
    if (spoil) catchAnswer(response, spoil);
    for (const part of parts) if (await part.handle(request, response, url, body)) return;
    forbid(`${call.method} ${call.path} is nothing that may be asked`);
    sendJson(response, 404, apiError(404, 'Method not found.'));
  }

  function callOf(request: IncomingMessage, url: URL, body: Buffer): GoogleCall {
    const { authorization: _, ...headers } = request.headers;
    const owner = tokens.owner(tokenOf(request) ?? '');
    return {
      method: request.method ?? '',
      path: url.pathname,
      query: Object.fromEntries(url.searchParams),
      headers,
      ...(owner && { account: owner.account, scopes: owner.scopes }),
      ...(/^application\/json/.test(request.headers['content-type'] ?? '') && { json: jsonOf(body) }),
    };
  }

  function inspect(request: IncomingMessage, url: URL, { method, path, json }: GoogleCall): void {
    if (url.searchParams.has('access_token') || tokens.issued().some((token) => request.url?.includes(token)))
      forbid(`a token in the address of ${method} ${path}`);
    if (!path.endsWith(':batchUpdate')) return;
    for (const text of addressesIn(json).map(readings)) {
      if (/access_token=|authorization|bearer/i.test(text) || tokens.issued().some((token) => text.includes(token)))
        forbid('a token in the address of an image');
      if (drive.ids().some((id) => text.includes(id))) forbid('the id of a Drive file in the address of an image');
    }
  }

  const server = createServer((request, response) => {
    take(request, response).catch((error: unknown) => {
      // A caller that has gone while it was asking is no mistake of the fake's.
      if (!request.destroyed || request.complete) forbid(`the fake itself failed: ${String(error)}`);
      response.destroy();
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, '127.0.0.1', resolve);
  });
  const url = base();

  return {
    url,
    env: {
      GOOGLE_APIS_ROOT_URL: url,
      GCE_METADATA_HOST: url.slice('http://'.length),
      METADATA_SERVER_DETECTION: 'assume-present',
    },
    account,
    slides,
    drive,
    storage,
    tokens,
    signer,
    requests,
    requestsTo: (path) => requests.filter((call) => path.test(call.path)),
    arrived: (path, count = 1) =>
      new Promise((resolve) => {
        const look = () => {
          if (requests.filter((call) => path.test(call.path)).length < count) return;
          awaited.delete(look);
          resolve();
        };
        awaited.add(look);
        look();
      }),
    forbidden: () => [...misdeeds, ...storage.publicAttempts.map((attempt) => `${attempt} makes something public`)],
    issueToken: tokens.issue,
    fail: (fault) => faults.add(fault),
    heal: faults.heal,
    async [Symbol.asyncDispose]() {
      slides.close();
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

function jsonOf(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8')) as unknown;
  } catch {
    return undefined;
  }
}

/** Every text in it that is an address, wherever it stands. */
function addressesIn(value: unknown): string[] {
  if (typeof value === 'string') return /^[a-z]+:\/\//i.test(value) ? [value] : [];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(addressesIn);
}

/** What can be read in an address, a line each: as it stands, with its escapes undone, and with its parts taken for base64. */
function readings(address: string): string {
  const plain = address.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  const parts = plain.split(/[^\w-]/).map((part) => Buffer.from(part, 'base64url').toString('latin1'));
  return [address, plain, ...parts].join('\n');
}
