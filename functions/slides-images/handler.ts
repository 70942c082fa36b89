/** The one route: the image that an address was made for. */
import type { Context } from 'hono';
import type { Connection, Runtime } from '#shared/define.ts';
import { createForwarding } from '#shared/http/addresses.ts';
import type { App, AppEnv } from '#shared/http/app.ts';
import { createGrantReader } from '#shared/slides/grant-reader.ts';
import type { Granted } from '#shared/slides/grants.ts';
import { noteJob } from '#shared/slides/note-job.ts';
import { looksLikeToken } from '#shared/slides/token.ts';
import { wholeBody } from './whole-body.ts';

/** `no-transform`: a proxy that packs it anew would change its size. */
const HEADERS = {
  'Cache-Control': 'private, no-store, no-transform',
  'Content-Disposition': 'inline',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'X-Robots-Tag': 'noindex',
};

export function imageRoutes(app: App, runtime: Runtime): void {
  const { config, clock, log } = runtime;
  const reader = createGrantReader(runtime);
  const forwarding = createForwarding(config.HAWKER_TRUSTED_PROXIES);

  const visitOf = (c: Context<AppEnv>) => {
    const from = c.env as Partial<Connection> | undefined;
    const address = from?.incoming ? forwarding.clientAddress(from.incoming) : '';
    return { userAgent: c.req.header('User-Agent') ?? '', address };
  };

  const open = async (granted: Granted) => {
    const { blob: name, job, image, size } = granted;
    const blob = await (await runtime.blobs()).get(name);
    if (blob?.size === size) return blob;
    await blob?.body.cancel();
    log.error('an image that was granted is not there', { job, image, size, found: blob?.size });
    return undefined;
  };

  /** Whatever is wrong with an address, it is answered as one that never was. */
  const answer = async (c: Context<AppEnv>, token: string): Promise<Response> => {
    const head = c.req.method === 'HEAD';
    const granted = await (head ? reader.look(token) : reader.take(token, visitOf(c)));
    if (granted) noteJob(granted.job);
    const blob = granted && (await open(granted));
    if (!granted || !blob) return c.notFound();
    const { job, image, type, size } = granted;
    const headers = { ...HEADERS, 'Content-Type': type, 'Content-Length': String(size) };
    if (head) await blob.body.cancel();
    const onBroken = (error: unknown) => log.error('an image broke off while it was sent', { job, image, error });
    return new Response(head ? null : wholeBody(blob.body, granted, { clock, onBroken }), { headers });
  };

  // Another spelling of an address is another address: nothing is behind `%41`, `?` or a slash at the end.
  app.use('/:token', (c, next) => (isPlain(c.req.url) ? next() : Promise.resolve(c.notFound())));
  app.get('/:token', (c) => answer(c, c.req.param('token')));
  // On a host of its own the name is part of the address all the same, so that addresses are made alike wherever it runs.
  app.get('/slides-images/:token', (c) => (isPlain(c.req.url) ? answer(c, c.req.param('token')) : c.notFound()));
}

function isPlain(url: string): boolean {
  return !url.includes('?') && looksLikeToken(url.slice(url.lastIndexOf('/') + 1));
}
