/** How many hits a second are counted on the embedded store and queue, from the queue to the committed counters. */
import createClicks from '#functions/clicks/index.ts';
import { MANIFEST } from '#functions/manifest.ts';
import { subscriptionsOf } from '#shared/define.ts';
import { HIT_TOPIC, type Hit } from '#shared/links/records.ts';
import { openEmbedded } from './data.ts';
import type { Figure, Workplace } from './part.ts';

const EVENTS = 10_000;
const LINKS = 50;
const LIMIT_MS = 60_000;

export async function clicks({ folder, say }: Workplace): Promise<Figure[]> {
  await using runtime = await openEmbedded(folder);
  const { queue, ids } = runtime;
  const began = performance.now();
  await Promise.all(
    Array.from({ length: EVENTS }, (_, n) =>
      queue.publish(HIT_TOPIC, {
        id: ids.unique(),
        source: '//hawker/bench',
        type: HIT_TOPIC,
        time: new Date().toISOString(),
        data: hit(n),
      }),
    ),
  );
  const published = EVENTS / ((performance.now() - began) / 1_000);
  say(`${EVENTS} hits are in the queue`);

  const instance = await createClicks(runtime);
  const subscription = subscriptionsOf(MANIFEST).find(({ topic }) => topic === HIT_TOPIC);
  if (instance.kind !== 'message' || !subscription) throw new Error('clicks does not take hits');
  let counted = 0;
  const all = Promise.withResolvers<void>();
  const late = setTimeout(() => all.reject(new Error(`${counted} of ${EVENTS} hits were counted in time`)), LIMIT_MS);
  const started = performance.now();
  const consumer = queue.consume(subscription, async (event, context) => {
    await instance.handle(event, context);
    if (++counted === EVENTS) all.resolve();
  });
  try {
    await all.promise;
    const rate = EVENTS / ((performance.now() - started) / 1_000);
    return [
      { what: 'hits put into the embedded queue', measured: `${Math.round(published).toLocaleString('en')} a second` },
      { what: 'hits counted from the embedded queue', measured: `${Math.round(rate).toLocaleString('en')} a second` },
    ];
  } finally {
    clearTimeout(late);
    await consumer.stop(5_000);
    await instance.drain?.(2_000);
  }
}

function hit(n: number): Hit {
  return {
    linkId: `bench-link-${n % LINKS}`,
    host: 'bench.localhost',
    slug: `item-${n % LINKS}`,
    match: 'exact',
    target: 'https://example.com/handbook',
    status: 302,
    label: 'human',
    reason: 'browser',
    visitor: `visitor-${n % 1_000}`,
    userAgent: 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
  };
}
