/** The files beside the pages: scripts, the service worker, the manifest, the icons. */
import type { Context as HonoContext } from 'hono';
import type { Context } from '../context.ts';
import { assets, hashOf } from './assets.ts';
import { iconPng, iconSvg } from './drawing.ts';
import { address } from './frame.ts';
import { webManifest } from './manifest.ts';
import { visitOf } from './visit.ts';

const SCRIPT = 'text/javascript; charset=utf-8';
const FOR_GOOD = 'public, max-age=31536000, immutable';
/** A while, then asked for again. */
const DAY = 'public, max-age=86400';

export function assetFile(c: HonoContext, name: string): Response | Promise<Response> {
  const asset = assets().files.get(name);
  if (!asset) return c.notFound();
  const etag = `"${asset.hash}"`;
  const headers = {
    'Content-Type': SCRIPT,
    ETag: etag,
    'Cache-Control': c.req.query('v') === asset.hash ? FOR_GOOD : 'no-cache',
  };
  return isKnown(c, etag) ? new Response(null, { status: 304, headers }) : new Response(asset.text, { headers });
}

/** The worker, told what to keep. It changes with every file, so that browsers notice a new version of any. */
export function workerFile(c: HonoContext, context: Context): Response {
  const visit = visitOf(c, context);
  const { files, worker, version } = assets();
  const shell = [...[...files.keys()].map((name) => address(visit, name)), `${visit.prefix}/offline`];
  const text = `self.HAWKER = ${JSON.stringify({ version, shell })};\n${worker}`;
  const headers = {
    'Content-Type': SCRIPT,
    'Cache-Control': 'no-cache',
    ETag: `"${version}"`,
    // A worker has a policy of its own, and all that it fetches is asked of that.
    'Content-Security-Policy': "default-src 'none'; connect-src 'self'; img-src 'self'",
  };
  return new Response(text, { headers });
}

export function manifestFile(c: HonoContext, context: Context): Response {
  return new Response(JSON.stringify(webManifest(visitOf(c, context))), {
    headers: { 'Content-Type': 'application/manifest+json; charset=utf-8', 'Cache-Control': DAY },
  });
}

const ICONS: Record<string, [size: number, maskable: boolean]> = {
  'icon-192.png': [192, false],
  'icon-512.png': [512, false],
  'icon-maskable.png': [512, true],
};
const drawn = new Map<string, Uint8Array<ArrayBuffer>>();

export function iconFile(c: HonoContext, name: string): Response | Promise<Response> {
  if (name === 'icon.svg')
    return new Response(iconSvg(), { headers: { 'Content-Type': 'image/svg+xml', 'Cache-Control': DAY } });
  const kind = ICONS[name];
  if (!kind) return c.notFound();
  const png = drawn.get(name) ?? iconPng(...kind);
  drawn.set(name, png);
  const etag = `"${hashOf(name)}"`;
  const headers = { 'Content-Type': 'image/png', 'Cache-Control': DAY, ETag: etag };
  return isKnown(c, etag) ? new Response(null, { status: 304, headers }) : new Response(png, { headers });
}

function isKnown(c: HonoContext, etag: string): boolean {
  return (c.req.header('If-None-Match') ?? '').split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag);
}
