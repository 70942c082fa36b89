/** Embedded data for the bench, made by the functions themselves in this process: no server, the same code. */
import createLinks from '#functions/links/index.ts';
import { MANIFEST } from '#functions/manifest.ts';
import { systemClock } from '#shared/clock.ts';
import { loadConfig } from '#shared/config.ts';
import { subscriptionsOf } from '#shared/define.ts';
import { systemIds } from '#shared/ids.ts';
import { createLog } from '#shared/log.ts';
import { type OpenRuntime, openRuntime } from '#shared/runtime.ts';
import { HOST } from './servers.ts';

const KEY = 'bench-key-of-nobody';

/** A runtime on an embedded folder. Only errors are logged. Closed with the scope: `await using`. */
export async function openEmbedded(data: string): Promise<OpenRuntime & AsyncDisposable> {
  const runtime = await openRuntime({
    config: loadConfig({ HAWKER_DATA: data, HAWKER_ADMIN_KEY: KEY }),
    log: createLog({
      write: (line) => process.stderr.write(line),
      now: () => Date.now(),
      format: 'text',
      level: 'ERROR',
    }),
    clock: systemClock,
    ids: systemIds,
    subscriptions: subscriptionsOf(MANIFEST),
    prefix: '',
  });
  return { ...runtime, [Symbol.asyncDispose]: () => runtime.close(5_000) };
}

/** A folder with one domain, the prefix link `docs` in it and `others` more links. */
export async function prepareLinks(data: string, others = 0): Promise<void> {
  await using runtime = await openEmbedded(data);
  const links = await createLinks(runtime);
  if (links.kind !== 'http') throw new Error('links is not served over HTTP');
  const send = async (method: string, path: string, contentType: string, body: string) => {
    const headers = { Authorization: `Bearer ${KEY}`, 'Content-Type': contentType };
    const answer = await links.fetch(
      new Request(`http://localhost/v1/domains/${HOST}${path}`, { method, headers, body }),
    );
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return text;
  };
  await send('PUT', '', 'application/json', '{}');
  const docs = { slug: 'docs', match: 'prefix', target: 'https://example.com/handbook' };
  await send('POST', '/links', 'application/json', JSON.stringify(docs));
  if (others === 0) return;
  const line = (_: unknown, n: number) =>
    JSON.stringify({ slug: `item-${n}`, target: `https://example.com/items/${n}` });
  const report = await send(
    'POST',
    '/import?format=jsonl',
    'application/x-ndjson',
    Array.from({ length: others }, line).join('\n'),
  );
  const { created } = JSON.parse(report) as { created: number };
  if (created !== others) throw new Error(`imported ${created} of ${others} links: ${report.slice(0, 500)}`);
}
