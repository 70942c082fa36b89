/**
 * The one write of a job, and what may become of it.
 *
 * A try opens addresses, sends the batch and closes them again, whatever the answer is. Then:
 *
 * - Applied: that is all.
 * - Refused, or the deck is at another revision: nothing was changed by this try. By another it may have been, an earlier one whose answer was lost or one of somebody with the
 *   same job, whose object ids are the same: so the deck is looked at before anything is believed. Where it is not the deck any more that was planned on, and no image itself is at
 *   fault, somebody has changed it meanwhile: the aims are found anew, images whose aim is gone are left out, and what that comes to is sent, MOST_AGAIN times. Else the image at fault
 *   is left out. By `onError: skip` the others are sent.
 * - Unknown: the deck is looked at, and again after a wait, since it may still be applied. Then the same batch is sent again. It names the same object ids, so that it is refused
 *   where the first one came through after all, also one with other aims; replacing an image by itself changes nothing.
 *
 * Where a try's outcome stayed unknown, no later refusal proves that nothing happened: what ends then ends as `outcome_unknown`, and whoever comes back looks first.
 */
import type { Clock } from '../clock.ts';
import { AppError } from '../errors.ts';
import type { BatchOutcome, Presentation, SlidesApi, SlidesRequest } from '../google/slides.ts';
import type { Ids } from '../ids.ts';
import type { Addresses, Closed } from './addresses.ts';
import { readDeck } from './deck.ts';
import type { WorkInput } from './job.ts';
import { makePlan } from './make-plan.ts';
import type { ImageError, PlacedObject } from './outcome.ts';
import type { Outcomes } from './outcomes.ts';
import type { Plan, Ready } from './plan.ts';
import type { Prepared } from './prepare.ts';
import { saysNotFetched, withoutRequestName } from './refused-words.ts';

/** Tries of one batch whose outcome stays unknown. */
const MOST_UNKNOWN = 3;
/** The first wait for a batch that may still be applied, in milliseconds; it doubles. */
const FIRST_WAIT_MS = 2_000;

/** Plans on another deck, after a batch was refused; the deck it was planned on is not the one that is there. */
const MOST_AGAIN = 2;

/** What a look into the deck found of the job. */
export interface Sighting {
  deck: Presentation;
  /** By index; empty where it was not applied. */
  placed: Map<number, PlacedObject[]>;
}

export interface WriteOptions {
  slides: SlidesApi;
  addresses: Addresses;
  outcomes: Outcomes;
  look: () => Promise<Sighting>;
  /** Those of the images that can be placed in this deck, ready for it; none where that is to end it all. Of the others `outcomes` knows. */
  prepareAgain: (deck: Presentation, left: readonly Prepared[]) => Promise<Prepared[]>;
  clock: Clock;
  ids: Ids;
}

export interface Written {
  /** Whether the deck was changed: by this write, or as the sighting tells. */
  applied: boolean;
  writes: number;
  revisionId?: string;
  sighting?: Sighting;
}

interface Try {
  plan: Plan;
  answer: BatchOutcome;
  closed: Map<string, Closed>;
  urls: ReadonlyMap<string, string>;
}

/** Throws what Google throws, `deck_changed`, `google_refused` and `outcome_unknown`. Of images at fault `outcomes` knows. */
export async function writeBatch(
  deck: Presentation,
  prepared: readonly Prepared[],
  { job, presentationId, asked, signal }: WorkInput,
  { slides, addresses, outcomes, look, prepareAgain, clock, ids }: WriteOptions,
): Promise<Written> {
  let planned = deck;
  let left = prepared;
  let writes = 0;
  let unknown = 0;
  let again = 0;
  /** Whether the last look into the deck came to anything. */
  let looked = false;

  for (;;) {
    const tried = await send(left);
    if (!tried) {
      // None is left, but one of those that were may yet be placed.
      if (unknown > 0) throw outcomeUnknown(looked);
      return { applied: false, writes };
    }
    const { plan, answer } = tried;
    if (answer.outcome === 'applied') {
      outcomes.set(plan.objects.keys(), () => ({ state: 'inserted' }));
      return { applied: true, writes, ...(answer.revisionId && { revisionId: answer.revisionId }) };
    }
    if (answer.outcome === 'unknown') unknown++;
    const sighting = await see();
    if (sighting.placed.size > 0) return { applied: true, writes, sighting };

    if (answer.outcome === 'other-revision') {
      // No earlier try can be applied any more: each demanded the same revision.
      throw new AppError('deck_changed', 'The presentation is not at the revision that the request demands');
    }
    if (answer.outcome === 'unknown') {
      if (unknown >= MOST_UNKNOWN) throw outcomeUnknown(looked);
      continue;
    }
    const isOther = asked.requiredRevisionId === undefined && sighting.deck.revisionId !== planned.revisionId;
    if (isOther && again < MOST_AGAIN && !isOwnFault(requestAt(tried), sighting.deck)) {
      again++;
      planned = sighting.deck;
      left = await prepareAgain(planned, left).catch(unlessUnknown);
      continue;
    }
    const guilty = answer.index === undefined ? undefined : plan.owners[answer.index];
    if (guilty === undefined) {
      if (unknown > 0) throw outcomeUnknown(looked);
      throw new AppError('google_refused', answer.message || 'Google refused the batch and does not say why');
    }
    if (asked.onError === 'abort' && unknown > 0) throw outcomeUnknown(looked);
    outcomes.fail(guilty, refusal(tried, answer.message, asked.mode));
    if (asked.onError === 'abort') return { applied: false, writes };
    left = left.filter(({ aim }) => aim.index !== guilty);
  }

  async function send(images: readonly Prepared[]): Promise<Try | undefined> {
    const open = await addresses.open(images.flatMap(({ served }) => served)).catch(unlessUnknown);
    let closed = new Map<string, Closed>();
    let plan: Plan | undefined;
    let answer: BatchOutcome | undefined;
    try {
      ({ plan } = makePlan(
        planned,
        job,
        images.map((image) => readyAt(image, open.urls)),
      ));
      if (plan) {
        outcomes.set(plan.objects.keys(), () => ({ state: 'served' }));
        const { requiredRevisionId } = asked;
        const batch = { requests: plan.requests, ...(requiredRevisionId !== undefined && { requiredRevisionId }) };
        answer = await slides.batchUpdate(presentationId, batch, { signal }).catch(unlessUnknown);
        writes++;
      }
    } finally {
      closed = await open.close();
      note(images, closed);
    }
    return plan && answer && { plan, answer, closed, urls: open.urls };
  }

  /** What stands in the way of another try says nothing of the one before. */
  function unlessUnknown(error: unknown): never {
    throw unknown > 0 ? outcomeUnknown(looked) : error;
  }

  function note(images: readonly Prepared[], closed: Map<string, Closed>): void {
    if (closed.size === 0) return;
    const indices = images.map(({ aim }) => aim.index);
    outcomes.set(indices, ({ index, fetches = 0, addressDead = true }) => {
      const own = closedOf(index, closed);
      return { fetches: fetches + own.fetches, addressDead: addressDead && own.dead };
    });
  }

  /** Where something may still be applied, after a wait too. */
  async function see(): Promise<Sighting> {
    const sighting = await lookOnce();
    if (sighting.placed.size > 0 || unknown === 0) return sighting;
    const wait = FIRST_WAIT_MS * 2 ** (unknown - 1) * (1 + ids.random() / 2);
    await clock.sleep(wait, signal).catch(unlessUnknown);
    return lookOnce();
  }

  async function lookOnce(): Promise<Sighting> {
    looked = false;
    const sighting = await look().catch(unlessUnknown);
    looked = true;
    return sighting;
  }
}

export function readyAt({ aim, asked, served }: Prepared, urls: ReadonlyMap<string, string>): Ready {
  const images = served.map(({ image, width, height }) => ({ url: urls.get(image) ?? '', width, height }));
  return { aim, asked, images };
}

function closedOf(index: number, closed: Map<string, Closed>): Closed {
  const own = [...closed].flatMap(([image, one]) => (image.startsWith(`${index}.`) ? one : []));
  return { fetches: own.reduce((sum, one) => sum + one.fetches, 0), dead: own.every(({ dead }) => dead) };
}

/** The request that is at fault, where Google tells. */
function requestAt({ plan, answer }: Try): SlidesRequest | undefined {
  return answer.outcome === 'refused' ? plan.requests[answer.index ?? -1] : undefined;
}

/** Whether it is the image that is at fault: it is to be shown, and where it goes is still there. */
function isOwnFault({ createImage, replaceImage }: SlidesRequest = {}, deck: Presentation): boolean {
  const { slides } = readDeck(deck);
  if (createImage) return slides.some(({ objectId }) => objectId === createImage.elementProperties.pageObjectId);
  return slides.some(({ elements }) =>
    elements.some(({ element }) => element.objectId === replaceImage?.imageObjectId),
  );
}

function refusal(tried: Try, said: string, mode: WorkInput['asked']['mode']): ImageError {
  const message = withoutRequestName(said);
  const { createImage, replaceImage } = requestAt(tried) ?? {};
  const url = createImage?.url ?? replaceImage?.url;
  if (url === undefined || !saysNotFetched(message))
    return { code: 'refused', detail: message || 'Slides refused the image and does not say why' };
  const [image = ''] = [...tried.urls].find(([, address]) => address === url) ?? [];
  const { fetches, dead } = tried.closed.get(image) ?? { fetches: 0, dead: false };
  // Who could get it and says this does not like what it got, and will not the next time.
  if (fetches > 0) return { code: 'refused', detail: `Google fetched the image and did not take it: ${message}` };
  if (mode === 'bucket' || !dead) return { code: 'fetch_failed', detail: `Google could not use the image: ${message}` };
  const others = [...tried.closed.values()].some((one) => one.fetches > 0);
  return {
    code: 'fetch_failed',
    detail: others
      ? 'Google never came for this image, though it came for others of the same write'
      : 'Google never came for the image: check that HAWKER_PUBLIC_URL leads from the internet to slides-images',
  };
}

function outcomeUnknown(looked: boolean): AppError {
  const seen = looked ? 'the deck does not show it yet' : 'the deck could not be read since';
  return new AppError('outcome_unknown', `Google did not say whether the batch was applied, and ${seen}`);
}
