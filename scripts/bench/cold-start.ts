/** From the spawn of a process to its first answer: built functions, which open their store, against a bare server. */
import { prepareLinks } from './data.ts';
import { type Figure, median, ratioOf, type Workplace } from './part.ts';
import { BARE, BUILT_BUS, BUILT_REDIRECTS, BUILT_SLIDES, BUILT_SLIDES_IMAGES, startServer } from './servers.ts';

const ROUNDS = 15;
const KEY = { HAWKER_ADMIN_KEY: 'bench-admin-key-0123456789' };
const AUTH = { Authorization: `Bearer ${KEY.HAWKER_ADMIN_KEY}` };

export async function coldStart({ folder, say }: Workplace): Promise<Figure[]> {
  await prepareLinks(folder);
  const starts = {
    bare: () => startServer(BARE, folder),
    redirects: () => startServer(BUILT_REDIRECTS, folder),
    bus: () => startServer(BUILT_BUS, folder, { path: '/v2/stops/99999/arrivals', status: 200 }),
    slides: () =>
      startServer(BUILT_SLIDES, folder, { path: '/v1/jobs/none', status: 404, headers: AUTH, settings: KEY }),
    'slides-images': () => startServer(BUILT_SLIDES_IMAGES, folder, { path: '/none', status: 404 }),
  };
  type Name = keyof typeof starts;
  const names = Object.keys(starts) as Name[];
  const times: Record<Name, number[]> = { bare: [], redirects: [], bus: [], slides: [], 'slides-images': [] };
  for (let round = 0; round <= ROUNDS; round++)
    for (const name of round % 2 === 0 ? names : names.toReversed()) {
      await using server = await starts[name]();
      if (round > 0) times[name].push(server.startMs);
    }
  say(`${ROUNDS} starts of each`);
  const figure = (name: Name, until: string): Figure => ({
    what: `start of the built ${name} to ${until}, against bare \`node:http\` (${median(times[name]).toFixed(0)} ms of ${median(times.bare).toFixed(0)} ms)`,
    measured: ratioOf(times[name], times.bare),
    budget: '<= 1.5 x',
  });
  return [
    figure('redirects', 'its first redirect'),
    figure('bus', 'its first arrivals'),
    figure('slides', 'its first answer about a job'),
    figure('slides-images', 'its first refusal'),
  ];
}
