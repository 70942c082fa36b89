/** Who opened a link, as far as that is kept, and the hit made of it. The address stays here. */
import type { IncomingMessage } from 'node:http';
import type { Clock } from '#shared/clock.ts';
import type { Forwarding } from '#shared/http/addresses.ts';
import { createLabeller, type Labelled } from '#shared/links/labels.ts';
import type { Hit } from '#shared/links/records.ts';
import type { Hits } from './hits.ts';
import type { HitOfLink } from './ready.ts';
import type { Visitors } from './visitors.ts';

export interface Recorder {
  label(request: IncomingMessage, hit: HitOfLink): Labelled;
  /** Hands the hit on; `done` is called when the queue has it, or it is lost. */
  record(request: IncomingMessage, hit: HitOfLink, labelled: Labelled, done?: () => void): void;
}

interface RecorderParts {
  forwarding: Forwarding;
  hits: Hits;
  visitors: Visitors;
  clock: Clock;
  countryHeader: string | undefined;
}

const MOST_USER_AGENT = 512;

export function createRecorder({ forwarding, hits, visitors, clock, countryHeader }: RecorderParts): Recorder {
  const labelOf = createLabeller();
  const country = countryHeader?.toLowerCase();

  return {
    label(request, { host, linkId }) {
      const { method = 'GET', headers } = request;
      const visitor = `${forwarding.clientAddress(request)} ${userAgentOf(request) ?? ''}`;
      return labelOf({ method, headers, visitor, host, linkId, now: clock.mono() });
    },
    record(request, about, { label, reason }, done) {
      const { headers } = request;
      const hit: Hit = { ...about, label, reason };
      const userAgent = userAgentOf(request);
      if (userAgent !== undefined) hit.userAgent = userAgent;
      if (headers.referer !== undefined) addReferrer(hit, headers.referer);
      if (country !== undefined) addCountry(hit, headers[country]);
      // Do Not Track and Global Privacy Control: counted, but not told apart.
      if (headers['dnt'] === '1' || headers['sec-gpc'] === '1') return hits.hand(hit, undefined, done);
      const visitor = visitors.of(forwarding.clientAddress(request), userAgent ?? '');
      if (typeof visitor === 'object') return hits.hand(hit, visitor, done);
      if (visitor !== undefined) hit.visitor = visitor;
      hits.hand(hit, undefined, done);
    },
  };
}

function userAgentOf(request: IncomingMessage): string | undefined {
  const text = request.headers['user-agent'];
  return text !== undefined && text.length > MOST_USER_AGENT ? text.slice(0, MOST_USER_AGENT) : text;
}

function addReferrer(hit: Hit, referer: string): void {
  const url = URL.parse(referer);
  if (url && url.hostname !== '' && /^https?:$/.test(url.protocol)) hit.referrer = url.hostname;
}

/** `ZZ` is how load balancers say that they do not know. */
function addCountry(hit: Hit, value: string | string[] | undefined): void {
  const code = String(value).toUpperCase();
  if (/^[A-Z]{2}$/.test(code) && code !== 'ZZ') hit.country = code;
}
