/** A cached redirect with its hit handed on, against a bare `node:http` server under the same load; and one link of 100,000 against one of one. */
import { join } from 'node:path';
import { prepareLinks } from './data.ts';
import { inTurns, rate } from './in-turns.ts';
import { type Figure, ratioOf, type Workplace } from './part.ts';
import { BARE, BUILT_REDIRECTS, startServer } from './servers.ts';

const MANY = 100_000;

export async function redirect({ folder, say }: Workplace): Promise<Figure[]> {
  await prepareLinks(folder);
  await using ours = await startServer(BUILT_REDIRECTS, folder);
  await using bare = await startServer(BARE, folder);
  const [rates, bareRates] = await inTurns(ours, bare, '/docs', '/docs', say);
  return [
    {
      what: `cached redirect with its hit handed on, against bare \`node:http\` (${rate(rates)} of ${rate(bareRates)} a second)`,
      measured: ratioOf(rates, bareRates),
      budget: '>= 0.5 x',
    },
  ];
}

export async function manyLinks({ folder, say }: Workplace): Promise<Figure[]> {
  const [small, large] = [join(folder, 'one'), join(folder, 'many')];
  await prepareLinks(small);
  say(`importing ${MANY} links`);
  const began = performance.now();
  await prepareLinks(large, MANY);
  const importSeconds = (performance.now() - began) / 1_000;
  await using many = await startServer(BUILT_REDIRECTS, large);
  await using one = await startServer(BUILT_REDIRECTS, small);
  const [rates, oneRates] = await inTurns(many, one, `/item-${MANY / 2}`, '/docs', say);
  return [
    {
      what: `a link among 100,000 of one domain, against a domain of one link (${rate(rates)} of ${rate(oneRates)} a second)`,
      measured: ratioOf(rates, oneRates),
      budget: '>= 0.9 x',
    },
    { what: 'import of 100,000 links from JSON Lines', measured: `${importSeconds.toFixed(1)} s` },
  ];
}
