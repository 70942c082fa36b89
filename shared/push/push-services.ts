/**
 * Which addresses may be pushed to. A browser names its push service itself, so without a list anybody could have this server send requests anywhere.
 *
 * Those of Chrome and Edge on Android and desktop (Google), Firefox (Mozilla), Safari (Apple) and Edge on Windows (Microsoft).
 */
const KNOWN = ['fcm.googleapis.com'];
const KNOWN_BELOW = ['.push.services.mozilla.com', '.push.apple.com', '.notify.windows.com'];

const ON_THIS_MACHINE = /^(?:localhost|127(?:\.\d{1,3}){3})$/;
const MOST_CHARACTERS = 2_000;

/** The rule in words. */
export const ENDPOINT_RULE =
  'must be the https address of a push service that this server knows, without a name or password in it and at most 2,000 characters long';

/** The address as one to push to; undefined where it breaks ENDPOINT_RULE. `more` are hosts beside the known ones, with a port where it is not 443; http is taken on this machine alone. */
export function pushAddress(endpoint: string, more: readonly string[]): URL | undefined {
  if (endpoint.length > MOST_CHARACTERS || !URL.canParse(endpoint)) return undefined;
  const url = new URL(endpoint);
  if (url.username || url.password || url.hash) return undefined;
  const named = more.some((item) => hostOf(item, url.protocol) === url.host);
  if (url.protocol === 'http:') return named && ON_THIS_MACHINE.test(url.hostname) ? url : undefined;
  if (url.protocol !== 'https:') return undefined;
  const known = KNOWN.includes(url.host) || KNOWN_BELOW.some((ending) => url.host.endsWith(ending));
  return known || named ? url : undefined;
}

/** As URL writes it: in lower case, without the scheme's own port. */
function hostOf(item: string, scheme: string): string {
  return URL.canParse(`${scheme}//${item}`) ? new URL(`${scheme}//${item}`).host : '';
}
