/** A cached redirect with its hit handed on, against a bare `node:http` server under the same load; and one link of 100,000 against one of one. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { prepareLinks } from './data.ts';
import { load } from './load.ts';
import { type Figure, median, ratioOf, type Workplace } from './part.ts';
import { BARE, BUILT_REDIRECTS, type Server, startServer } from './servers.ts';

const ROUNDS = 11;
const SECONDS = 1;
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

/** Answers per second of both, round by round, each in turn the first; the first round only warms up. */
async function inTurns(
  a: Server,
  b: Server,
  pathA: string,
  pathB: string,
  say: (line: string) => void,
): Promise<[number[], number[]]> {
  const rates: [number[], number[]] = [[], []];
  for (let round = 0; round <= ROUNDS; round++) {
    for (const index of round % 2 === 0 ? ([0, 1] as const) : ([1, 0] as const)) {
      const measured = await load(index === 0 ? a.port : b.port, index === 0 ? pathA : pathB, SECONDS);
      if (round > 0) rates[index].push(measured);
      // What the loaded server still has to write must not slow the other one.
      await sleep(500);
    }
    say(`round ${round} of ${ROUNDS}`);
  }
  return rates;
}

function rate(values: readonly number[]): string {
  return Math.round(median(values)).toLocaleString('en');
}
