/** A server that Google's fetcher is sent to, and what it saw of it. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { crc32, deflateSync } from 'node:zlib';
import { systemIds } from '#shared/ids.ts';
import { listen } from '#shared/serve/listen.ts';

/** One request for a picture. */
export interface Visit {
  method: string;
  /** Milliseconds after the picture was made known. */
  atMs: number;
  httpVersion: string;
  headers: Record<string, string>;
}

/** How one picture is served. */
export interface Manner {
  width?: number;
  height?: number;
  /** Milliseconds before the first byte. */
  delayMs?: number;
  /** With `Transfer-Encoding: chunked` instead of a length. */
  chunked?: boolean;
  /** Statuses of the first requests, before it is served. */
  first?: readonly number[];
  /** Sends whoever asks on to another address of the same picture. */
  redirected?: boolean;
}

export interface Picture {
  url: string;
  visits: readonly Visit[];
}

export interface Pictures extends AsyncDisposable {
  make(manner?: Manner): Picture;
}

/** Below the path that `npm start` serves images at, so that the same tunnel leads here. */
const PATH = '/slides-images/';

export async function servePictures(base: string, host: string, port: number): Promise<Pictures> {
  const known = new Map<string, { manner: Manner; visits: Visit[]; since: number }>();

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [name = '', moved] = (request.url ?? '').split(PATH)[1]?.split('/') ?? [];
    const picture = known.get(name);
    if (!picture) return void response.writeHead(404).end();
    const { manner, visits, since } = picture;
    const headers = Object.entries(request.headers).map(([key, value]) => [key, String(value)]);
    visits.push({
      method: request.method ?? '',
      atMs: Math.round(performance.now() - since),
      httpVersion: request.httpVersion,
      headers: Object.fromEntries(headers),
    });
    if (manner.redirected && moved === undefined)
      return void response.writeHead(302, { Location: `${addressOf(base, name)}/moved` }).end();
    const status = manner.first?.[visits.length - 1];
    if (status !== undefined) return void response.writeHead(status).end();
    await sleep(manner.delayMs ?? 0);
    const bytes = plainPng(manner.width ?? 64, manner.height ?? 64);
    response.setHeader('Content-Type', 'image/png');
    if (!manner.chunked) response.setHeader('Content-Length', bytes.byteLength);
    else response.flushHeaders();
    response.end(request.method === 'HEAD' ? undefined : bytes);
  }

  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  });
  await listen(server, host, port);
  return {
    make(manner = {}) {
      const name = systemIds.unique();
      const visits: Visit[] = [];
      known.set(name, { manner, visits, since: performance.now() });
      return { url: addressOf(base, name), visits };
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function addressOf(base: string, name: string): string {
  return `${base.replace(/\/slides-images$/, '')}${PATH}${name}`;
}

/** A grey PNG (https://www.w3.org/TR/png-3/): 8 bits, no alpha, one piece of data. */
function plainPng(width: number, height: number): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header[8] = 8;
  const rows = Buffer.alloc((width + 1) * height, 0x80);
  for (let row = 0; row < height; row++) rows[row * (width + 1)] = 0;
  const chunk = (type: string, data: Buffer) => {
    const framed = Buffer.alloc(data.byteLength + 12);
    framed.writeUInt32BE(data.byteLength, 0);
    framed.write(type, 4, 'latin1');
    data.copy(framed, 8);
    framed.writeUInt32BE(crc32(framed.subarray(4, -4)), data.byteLength + 8);
    return framed;
  };
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(rows)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}
