/** The fetcher behind Slides: gets an image by its address as Google's was seen or must be feared to do, and looks at what it got. */
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { gunzipSync } from 'node:zlib';
import { Refused } from './answers.ts';
import { readImageHeader } from './image-header.ts';
import type { Picture } from './slides-deck.ts';

/** How it fetches; one GET at once where nothing is said. */
export interface FetchManner {
  /** Asks with HEAD before. */
  headFirst?: boolean;
  /** GETs of each address, one after the other; all must succeed. */
  gets?: number;
  /** Breaks off the first GET when its answer begins, and then does it again. */
  abortFirst?: boolean;
  /** Between two pieces that it reads, in milliseconds. */
  pauseMs?: number;
  /** For one GET, in milliseconds. */
  timeoutMs?: number;
  /** Waited for before each GET, and between its headers and its body. */
  beforeGet?: (url: string) => unknown;
  beforeBody?: (url: string) => unknown;
}

export interface Fetch {
  method: 'HEAD' | 'GET';
  url: string;
  /** Undefined where no answer came. */
  status: number | undefined;
  /** Of the body, as read. */
  bytes: number;
}

export const FETCHER = 'Mozilla/5.0 (compatible; GoogleDocs; apps-presentations; +http://docs.google.com)';

const MOST_PIXELS = 25_000_000;
const TOO_MANY_BYTES = 50_000_000;
const MOST_ADDRESS = 2_048;
const TIMEOUT_MS = 10_000;
const LOOPBACK = /^(?:127\.\d+\.\d+\.\d+|localhost|\[::1\])$/;
const PROBLEM =
  'There was a problem retrieving the image. The provided image should be publicly accessible, within size limit, and in supported formats.';
const FORBIDDEN = 'Access to the provided image was forbidden.';

export function createFetcher({ forbid }: { forbid: (what: string) => void }) {
  const fetches: Fetch[] = [];
  const closing = new AbortController();
  let manner: FetchManner = {};

  async function ask(method: Fetch['method'], url: string): Promise<IncomingMessage> {
    const fetch: Fetch = { method, url, status: undefined, bytes: 0 };
    fetches.push(fetch);
    const send = url.startsWith('https:') ? httpsRequest : httpRequest;
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const headers = { 'user-agent': FETCHER, 'accept-encoding': 'gzip', connection: 'close' };
    const signal = AbortSignal.any([closing.signal, AbortSignal.timeout(manner.timeoutMs ?? TIMEOUT_MS)]);
    const sent = send(url, { method, headers, agent: false, signal }, resolve).on('error', reject);
    sent.end();
    const answer = await promise;
    fetch.status = answer.statusCode;
    answer.on('data', (chunk: Buffer) => {
      fetch.bytes += chunk.length;
    });
    answer.pause();
    return answer;
  }

  async function get(url: string): Promise<Buffer> {
    await manner.beforeGet?.(url);
    const answer = await ask('GET', url);
    if (answer.statusCode !== 200) {
      answer.destroy();
      throw new Refused(400, answer.statusCode === 403 ? FORBIDDEN : PROBLEM);
    }
    await manner.beforeBody?.(url);
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      size += chunk.length;
      if (size >= TOO_MANY_BYTES) {
        answer.destroy();
        throw new Refused(400, PROBLEM);
      }
      if (manner.pauseMs !== undefined) await new Promise((resolve) => setTimeout(resolve, manner.pauseMs));
    }
    const body = Buffer.concat(chunks);
    return answer.headers['content-encoding'] === 'gzip' ? gunzipSync(body, { maxOutputLength: TOO_MANY_BYTES }) : body;
  }

  async function fetchOnce(url: string): Promise<Buffer> {
    if (manner.headFirst) {
      const answer = await ask('HEAD', url);
      answer.resume();
      if (answer.statusCode !== 200) throw new Refused(400, answer.statusCode === 403 ? FORBIDDEN : PROBLEM);
    }
    if (manner.abortFirst) (await ask('GET', url)).destroy();
    let bytes = await get(url);
    for (let again = 1; again < (manner.gets ?? 1); again++) bytes = await get(url);
    return bytes;
  }

  return {
    fetches: fetches as readonly Fetch[],
    /** Breaks off what is still being fetched. */
    close: () => closing.abort(),
    behave(next: FetchManner) {
      manner = next;
    },
    /** Throws Refused with Google's words, without the request's number. */
    async fetch(url: string): Promise<Picture> {
      if (Buffer.byteLength(url) > MOST_ADDRESS) throw new Refused(400, 'The provided image URL is longer than 2 kB.');
      if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
        throw new Refused(400, 'The provided image URL is invalid.');
      if (!LOOPBACK.test(new URL(url).hostname)) {
        forbid(`a fetch of an image that is not on this machine: ${new URL(url).host}`);
        throw new Refused(400, PROBLEM);
      }
      const bytes = await fetchOnce(url).catch((error: unknown) => {
        throw error instanceof Refused ? error : new Refused(400, PROBLEM);
      });
      const header = readImageHeader(bytes);
      if (!header || header.width * header.height > MOST_PIXELS || bytes.length >= TOO_MANY_BYTES)
        throw new Refused(400, PROBLEM);
      return { ...header, bytes };
    },
  };
}
