/**
 * A push service on loopback with browsers behind it: it checks what RFC 8030, 8188, 8291 and 8292 ask of whoever pushes, refuses what breaks them, and opens the
 * messages with the browsers' own keys. Written from the RFCs, with nothing of the library that the product uses.
 */
import { createDecipheriv, createECDH, hkdfSync, randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { importJWK, jwtVerify } from 'jose';
import type { Clock } from '../clock.ts';

/** As `PushSubscription.toJSON()` gives it. */
export interface FakeSubscription {
  endpoint: string;
  expirationTime: null;
  keys: { p256dh: string; auth: string };
}

export interface Pushed {
  endpoint: string;
  /** The payload, parsed. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into any message
  data: any;
  ttl: number;
  urgency: string | undefined;
  topic: string | undefined;
  /** Of the signature. */
  subject: string;
  key: string;
}

/** What it does with the next requests instead of taking them. */
export type PushFault =
  | { status: number; headers?: Record<string, string>; body?: string }
  | 'stall'
  | 'hang up'
  | 'endless answer';

export interface FakePushService extends AsyncDisposable {
  /** host:port, for HAWKER_PUSH_SERVICES. */
  readonly host: string;
  /** A new browser. */
  subscribe(): FakeSubscription;
  /** What was taken, in order. */
  readonly messages: readonly Pushed[];
  /** What was refused for breaking a rule, and which. */
  readonly refusals: readonly string[];
  /** How many requests have come, whatever became of them. */
  readonly requests: number;
  /** For the next requests, one each. */
  fail(...faults: PushFault[]): void;
  /** Resolves when that many requests have come. */
  arrived(requests: number): Promise<void>;
}

interface Browser {
  keys: ReturnType<typeof createECDH>;
  auth: Buffer;
}

class Refusal extends Error {
  readonly status: number;
  constructor(status: number, rule: string) {
    super(rule);
    this.status = status;
  }
}

const RECORD_LEAST = 18;
const MOST_BYTES = 4_096;
const DAY_S = 24 * 3_600;

export async function startFakePushService({ clock }: { clock: Pick<Clock, 'now'> }): Promise<FakePushService> {
  const browsers = new Map<string, Browser>();
  const messages: Pushed[] = [];
  const refusals: string[] = [];
  const faults: PushFault[] = [];
  const watchers = new Set<() => void>();
  let requests = 0;

  const server = createServer((request, response) => {
    requests++;
    for (const watcher of watchers) watcher();
    void take(request, response).catch((error: unknown) => {
      const refusal = error instanceof Refusal ? error : new Refusal(500, String(error));
      refusals.push(refusal.message);
      response.writeHead(refusal.status).end(refusal.message);
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const origin = `http://${host}`;

  async function take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await buffer(request);
    const fault = faults.shift();
    if (fault === 'stall') return;
    if (fault === 'hang up') return void request.socket.destroy();
    if (fault === 'endless answer') return void response.writeHead(201).write('x'.repeat(100_000));
    if (fault) return void response.writeHead(fault.status, fault.headers).end(fault.body);
    const endpoint = `${origin}${request.url}`;
    const browser = browsers.get(endpoint);
    require(request.method === 'POST', 405, 'a message is a POST');
    if (!browser) throw new Refusal(404, 'no such subscription');
    const ttl = textOf(request, 'ttl');
    require(ttl !== undefined && /^\d+$/.test(ttl), 400, 'TTL must be whole seconds (RFC 8030, section 5.2)');
    const urgency = textOf(request, 'urgency');
    require(/^(?:very-low|low|normal|high)$/.test(urgency ?? 'normal'), 400, 'Urgency is none of the four');
    const topic = textOf(request, 'topic');
    require(/^[\w-]{1,32}$/.test(topic ?? 'a'), 400, 'Topic must be at most 32 characters of base64url');
    require(textOf(request, 'content-encoding') === 'aes128gcm', 415, 'Content-Encoding must be aes128gcm');
    require(body.length <= MOST_BYTES, 413, 'the message is too large');
    const { subject, key } = await verify(textOf(request, 'authorization') ?? '', origin, clock);
    const data: unknown = JSON.parse(open(body, browser).toString('utf8'));
    messages.push({ endpoint, data, ttl: Number(ttl), urgency, topic, subject, key });
    response.writeHead(201, { Location: `${origin}/message/${messages.length}` }).end();
  }

  return {
    host,
    messages,
    refusals,
    get requests() {
      return requests;
    },
    subscribe() {
      const keys = createECDH('prime256v1');
      const p256dh = keys.generateKeys('base64url');
      const auth = randomBytes(16);
      const endpoint = `${origin}/push/${randomBytes(24).toString('base64url')}`;
      browsers.set(endpoint, { keys, auth });
      return { endpoint, expirationTime: null, keys: { p256dh, auth: auth.toString('base64url') } };
    },
    fail: (...next) => void faults.push(...next),
    arrived: (wanted) =>
      new Promise((resolve) => {
        const look = () => {
          if (requests < wanted) return;
          watchers.delete(look);
          resolve();
        };
        watchers.add(look);
        look();
      }),
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

function require(holds: boolean, status: number, rule: string): void {
  if (!holds) throw new Refusal(status, rule);
}

function textOf({ headers }: IncomingMessage, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value.join() : value;
}

/** RFC 8292: who pushes signs for this very service, for a day at most, and says how to be reached. */
async function verify(authorization: string, origin: string, clock: Pick<Clock, 'now'>) {
  const [, token = '', key = ''] = /^vapid t=([\w.-]+), ?k=([\w-]{87})$/.exec(authorization) ?? [];
  require(token !== '', 401, 'Authorization must be vapid with t and k');
  const point = Buffer.from(key, 'base64url');
  const x = point.subarray(1, 33).toString('base64url');
  const y = point.subarray(33).toString('base64url');
  const now = clock.now();
  const verified = await jwtVerify(token, await importJWK({ kty: 'EC', crv: 'P-256', x, y }, 'ES256'), {
    algorithms: ['ES256'],
    audience: origin,
    requiredClaims: ['exp', 'sub'],
    currentDate: new Date(now),
  }).catch((error: Error) => {
    throw new Refusal(403, `the signature does not hold: ${error.message}`);
  });
  const { exp = 0, sub = '' } = verified.payload;
  require(exp - now / 1000 <= DAY_S, 403, 'exp must be within 24 hours');
  require(/^(?:mailto:.+@|https:\/\/)/.test(sub), 403, 'sub must be a mailto: or https: address');
  return { subject: sub, key };
}

/** RFC 8188 with the keys of RFC 8291: one record. */
function open(body: Buffer, { keys, auth }: Browser): Buffer {
  const salt = body.subarray(0, 16);
  const recordSize = body.readUInt32BE(16);
  const idLength = body.readUInt8(20);
  const sender = body.subarray(21, 21 + idLength);
  const record = body.subarray(21 + idLength);
  require(sender.length === 65 && recordSize >= RECORD_LEAST, 400, 'the header of the content coding is not right');
  require(record.length <= recordSize, 400, 'a message is one record');
  const info = Buffer.concat([Buffer.from('WebPush: info\0'), keys.getPublicKey(), sender]);
  const secret = derive(auth, keys.computeSecret(sender), info, 32);
  const contentKey = derive(salt, secret, Buffer.from('Content-Encoding: aes128gcm\0'), 16);
  const nonce = derive(salt, secret, Buffer.from('Content-Encoding: nonce\0'), 12);
  const decipher = createDecipheriv('aes-128-gcm', contentKey, nonce).setAuthTag(record.subarray(-16));
  const plain = Buffer.concat([decipher.update(record.subarray(0, -16)), decipher.final()]);
  const end = plain.findLastIndex((byte) => byte !== 0);
  require(plain[end] === 2, 400, 'the last record must end in 2');
  return plain.subarray(0, end);
}

function derive(salt: Buffer, secret: Buffer, info: Buffer, length: number): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, salt, info, length));
}
