/** From the spawn of a process to its first answer: the built redirects function, which opens its store and looks a link up, against a bare server. */
import { prepareLinks } from './data.ts';
import { type Figure, median, ratioOf, type Workplace } from './part.ts';
import { BARE, BUILT_REDIRECTS, startServer } from './servers.ts';

const ROUNDS = 15;

export async function coldStart({ folder, say }: Workplace): Promise<Figure[]> {
  await prepareLinks(folder);
  const times: Record<string, number[]> = { [BUILT_REDIRECTS]: [], [BARE]: [] };
  for (let round = 0; round <= ROUNDS; round++)
    for (const program of round % 2 === 0 ? [BARE, BUILT_REDIRECTS] : [BUILT_REDIRECTS, BARE]) {
      await using server = await startServer(program, folder);
      if (round > 0) times[program]?.push(server.startMs);
    }
  say(`${ROUNDS} starts of each`);
  const [ours = [], bare = []] = [times[BUILT_REDIRECTS], times[BARE]];
  return [
    {
      what: `start of the built redirects to its first redirect, against bare \`node:http\` (${median(ours).toFixed(0)} ms of ${median(bare).toFixed(0)} ms)`,
      measured: ratioOf(ours, bare),
      budget: '<= 1.5 x',
    },
  ];
}
