/**
 * Who is asking: a person, or something that only looks at links. Everything is counted, under its label and with the reason; only a
 * person uses up a click limit. The rules are tried in order and the first that holds gives the label.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { isbot } from 'isbot';
import { createRecentlyUsed } from '../recently-used.ts';
import type { HitLabel } from './records.ts';

export interface Labelled {
  label: HitLabel;
  /** A stable word. */
  reason: string;
}

export interface LabelledRequest {
  method: string;
  headers: IncomingHttpHeaders;
  /** Tells visitors of this moment apart, by address and user agent; forgotten within seconds. */
  visitor: string;
  host: string;
  linkId: string;
  /** Monotonic milliseconds. */
  now: number;
}

/** A scanner opens the links of a message all at once: this many links of one domain within this many milliseconds. */
const BURST = { links: 3, ms: 1_000 };

/** Fetch a link to show its title and picture in a chat or a feed. */
const PREVIEWS =
  /facebookexternalhit|facebookcatalog|whatsapp|slackbot-linkexpanding|slack-imgproxy|twitterbot|telegrambot|discordbot|linkedinbot|skypeuripreview|mastodon|pleroma|misskey|redditbot|pinterest(?:bot)?\/|viber|iframely|embedly|cardyb|bluesky|vkshare|flipboardproxy|tumblr\/|snapchat|google-pagerenderer|kakaotalk-scrap|yandex.*preview|bitlybot|microsoftpreview/i;
/** Open links from mail and elsewhere to judge whether they are safe. */
const SCANNERS =
  /safelinks|mimecast|proofpoint|barracuda|fireeye|trendmicro|trend micro|symantec|forcepoint|sophos|messagelabs|urlscan|virustotal|urlvoid|google-safety|netcraft|phishtank|checkmarx|zscaler|bitdefender|kaspersky|expanse|censys|zgrab|masscan|nuclei|shodan|nmap|nikto|sqlmap/i;

const HUMAN: Labelled = { label: 'human', reason: 'browser' };
const BURSTING: Labelled = { label: 'scanner', reason: 'burst' };

/** One per process. Its memory is bounded: user agents it has judged, visitors of the last second. */
export function createLabeller(): (request: LabelledRequest) => Labelled {
  const judged = createRecentlyUsed<Labelled>(2_000);
  const recent = createRecentlyUsed<{ linkId: string; at: number }[]>(5_000);

  const byUserAgent = (userAgent: string | undefined): Labelled => {
    if (userAgent === undefined) return { label: 'bot', reason: 'no-user-agent' };
    const key = userAgent.slice(0, 512);
    let known = judged.get(key);
    if (!known) {
      known = judge(key);
      judged.set(key, known);
    }
    return known;
  };

  const bursts = ({ host, visitor, linkId, now }: LabelledRequest): boolean => {
    const key = `${host} ${visitor}`;
    const seen = recent.get(key);
    const last = seen?.at(-1);
    if (seen?.length === 1 && last?.linkId === linkId) {
      last.at = now;
      return false;
    }
    const opened = (seen ?? []).filter((other) => other.linkId !== linkId && now - other.at < BURST.ms);
    opened.push({ linkId, at: now });
    recent.set(key, opened.slice(-BURST.links));
    return opened.length >= BURST.links;
  };

  return (request) => {
    if (request.method === 'HEAD') return { label: 'head', reason: 'method' };
    const named = byHeaders(request.headers) ?? byUserAgent(request.headers['user-agent']);
    return named === HUMAN && bursts(request) ? BURSTING : named;
  };
}

/** Sec-Purpose is a structured field and prerendering sends `prefetch;prerender`; the others are what came before it. */
function byHeaders(headers: IncomingHttpHeaders): Labelled | undefined {
  if (says(headers['sec-purpose'], 'prefetch')) return { label: 'prefetch', reason: 'sec-purpose' };
  if (says(headers['purpose'], 'prefetch')) return { label: 'prefetch', reason: 'purpose' };
  if (says(headers['x-moz'], 'prefetch')) return { label: 'prefetch', reason: 'x-moz' };
  if (says(headers['x-purpose'], 'prefetch')) return { label: 'prefetch', reason: 'x-purpose' };
  if (says(headers['x-purpose'], 'preview')) return { label: 'preview', reason: 'x-purpose' };
  if (says(headers['purpose'], 'preview')) return { label: 'preview', reason: 'purpose' };
  return undefined;
}

function says(header: string | string[] | undefined, word: string): boolean {
  return header !== undefined && String(header).toLowerCase().includes(word);
}

function judge(userAgent: string): Labelled {
  if (userAgent.trim() === '') return { label: 'bot', reason: 'empty-user-agent' };
  if (PREVIEWS.test(userAgent)) return { label: 'preview', reason: 'preview-user-agent' };
  if (SCANNERS.test(userAgent)) return { label: 'scanner', reason: 'scanner-user-agent' };
  return isbot(userAgent) ? { label: 'bot', reason: 'isbot' } : HUMAN;
}
