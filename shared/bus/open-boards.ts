/** Boards of real stops, by way of the feed, and of the demo's. */
import type { Clock } from '../clock.ts';
import { AppError } from '../errors.ts';
import { type ArrivalFeed, type Lta, TTL_MS } from '../lta/lta.ts';
import { unlessAborted } from '../unless-aborted.ts';
import { singaporeDate } from './assemble-network.ts';
import type { Boards } from './boards.ts';
import type { Calendar } from './calendar.ts';
import { ALWAYS_DEMO, demoDueInMs, demoReply } from './demo.ts';
import type { Lists, Network } from './lists.ts';
import { makeBoard, replyOf } from './make-board.ts';
import { DEMO_STOPS, demoStops, sampleNetwork } from './sample.ts';

interface BoardsOptions {
  lists: Lists;
  lta: () => Promise<Lta>;
  clock: Clock;
  calendar: Calendar;
}

/** How long an answer waits for lists that nobody has read yet, in milliseconds; LTA's reply is worth telling without names. */
const MOST_LISTS_MS = 3_000;
const LEAST_DUE_MS = 1_000;

export function createBoards({ lists, lta, clock, calendar }: BoardsOptions): Boards {
  let sample: Network | undefined;
  /** As it was a moment ago. */
  let known: Network | undefined;
  let feed: ArrivalFeed | undefined;

  const demo = (code: string) => {
    sample ??= sampleNetwork();
    const now = clock.now();
    return makeBoard({ network: sample, code, reply: demoReply(sample, code, calendar, now), calendar, now });
  };

  /** Undefined where the lists cannot be read; then a reply goes without. */
  const network = async () => {
    const current = lists.current().catch(() => known);
    known = known ? await current : await within(MOST_LISTS_MS, current, clock);
    return known;
  };

  return {
    async read(code, signal) {
      signal?.throwIfAborted();
      if (ALWAYS_DEMO.has(code)) return demo(code);
      if (!/^\d{5}$/.test(code)) throw new AppError('not_found', 'A bus stop has a code of five digits');
      const listed = network();
      feed ??= (await lta()).feed;
      // Both are asked at once, unless it is likely that LTA need not be asked: calls are limited.
      const doubtful = DEMO_STOPS.has(code) || (known !== undefined && !known.stop(code));
      const early = doubtful ? undefined : feed?.read(code, signal);
      early?.catch(() => undefined);
      const current = await unlessAborted(listed, signal);
      if (demoStops(current).has(code)) return demo(code);
      refuseUnknown(code, current);
      if (!feed) throw notConfigured(code, current);
      const reading = await (early ?? feed.read(code, signal));
      const reply = replyOf(reading, clock.mono());
      return makeBoard({ network: current, code, reply, calendar, now: clock.now() });
    },

    dueInMs(code) {
      const due = demoStops(known).has(code) ? demoDueInMs(clock.now()) : (feed?.dueInMs(code) ?? TTL_MS);
      return Math.max(LEAST_DUE_MS, due);
    },
  };
}

function refuseUnknown(code: string, network: Network | undefined): void {
  const list = network?.sources.stops;
  if (!network || !list || list.from === 'sample' || network.stop(code)) return;
  const day = singaporeDate(Date.parse(list.at));
  // When a file was saved nobody knows.
  const which = list.from === 'file' ? `the list that was loaded from a file on ${day}` : `LTA's list of ${day}`;
  throw new AppError('not_found', `There is no bus stop ${code} in ${which}`);
}

function notConfigured(code: string, network: Network | undefined): AppError {
  return new AppError(
    'not_configured',
    `The buses at ${code} are not known without a key of LTA DataMall, set as LTA_ACCOUNT_KEY; without it the demo stops ${[...demoStops(network)].join(', ')} answer`,
  );
}

/** Undefined after `ms` milliseconds. */
async function within<T>(ms: number, work: Promise<T>, clock: Clock): Promise<T | undefined> {
  const done = new AbortController();
  const late = clock.sleep(ms, done.signal).then(
    () => undefined,
    () => undefined,
  );
  try {
    return await Promise.race([work, late]);
  } finally {
    done.abort();
  }
}
