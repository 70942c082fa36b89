/** The bytes behind an image's `contentUrl`: an address of Google's that is good for half an hour, for whoever has it. */
import { AppError } from '../errors.ts';
import { type Answer, ask } from './ask.ts';
import { askAgain, type Rig } from './ask-again.ts';
import { failureOf } from './failures.ts';

const API = "server of Google's images";
/** Whoever has the address may read it: nothing else is told along with it. */
const CALL = { upstream: 'slides', operation: 'content', untraced: true } as const;
const ABOUT = { api: API, thing: 'image', remedy: '', scope: '', account: undefined };
const MS = 60_000;
const MOST_REDIRECTS = 3;

/** No token goes along. Throws `not_found` where it is no such address or leads away from Google, or has ended; `too_large`, `unavailable`. */
export async function fetchContent(
  contentUrl: string,
  maxBytes: number,
  signal: AbortSignal,
  rig: Rig & { rootUrl: string | undefined },
): Promise<Uint8Array> {
  const { bytes } = await askAgain(
    {
      attempt: (resends) => follow(contentUrl, resends),
      api: API,
      failure: (refusal) => {
        const ended = refusal.status >= 400 && refusal.status < 500 && ![408, 429].includes(refusal.status);
        return Promise.resolve(ended ? gone() : failureOf(refusal, ABOUT));
      },
      signal,
    },
    rig,
  );
  return bytes;

  async function follow(address: string, resends: number): Promise<Answer> {
    for (let url = contentAddress(address, rig.rootUrl), hops = 0; url; hops++) {
      const answer = await ask({ url }, { ms: MS, bytes: maxBytes, signal }, rig.clock, { ...CALL, resends });
      const location = answer.status >= 300 && answer.status < 400 ? answer.headers.get('location') : null;
      if (location === null) return answer;
      url = hops < MOST_REDIRECTS ? contentAddress(location, rig.rootUrl, url) : undefined;
    }
    throw gone();
  }
}

function gone(): AppError {
  return new AppError('not_found', 'The image has no address any more at which it could be read');
}

/** Where Google keeps images: https on googleusercontent.com, or GOOGLE_APIS_ROOT_URL's own server. Undefined for anywhere else. */
export function contentAddress(address: string, rootUrl: string | undefined, base?: URL): URL | undefined {
  if (!URL.canParse(address, base?.href)) return undefined;
  const url = new URL(address, base);
  if (url.username || url.password) return undefined;
  if (rootUrl !== undefined && url.origin === new URL(rootUrl).origin) return url;
  return url.protocol === 'https:' && url.port === '' && url.hostname.endsWith('.googleusercontent.com')
    ? url
    : undefined;
}
