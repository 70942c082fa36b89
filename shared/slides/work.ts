/** The core of a job, at once or queued: from sources to images in a deck, in one write, and nothing left behind. */
import type { Blobs } from '../blobs/blobs.ts';
import type { Clock } from '../clock.ts';
import type { Config } from '../config.ts';
import { AppError, isAppError } from '../errors.ts';
import type { Google, GoogleApis } from '../google/google.ts';
import type { Presentation } from '../google/slides.ts';
import type { Ids } from '../ids.ts';
import { convertImage } from '../images/convert.ts';
import type { Log } from '../log.ts';
import { observe } from '../telemetry/observe.ts';
import { type Addresses, openAddresses } from './addresses.ts';
import { aimAgain } from './aim-again.ts';
import { countingImages, measureServed } from './counted-images.ts';
import { findAims } from './find-aims.ts';
import type { Grants } from './grants.ts';
import type { Kept, Work, WorkInput } from './job.ts';
import { keepReplaced } from './keep-replaced.ts';
import { makePlan } from './make-plan.ts';
import type { ImageOutcome, JobOutcome } from './outcome.ts';
import { createOutcomes, type Outcomes, stateOf } from './outcomes.ts';
import { createPassing, type Passing, removeBlob } from './passing.ts';
import type { Aim } from './plan.ts';
import { type Prepared, prepareImages } from './prepare.ts';
import { findPlaced } from './read-back.ts';
import { createReadSource, type FetchPublic } from './sources.ts';
import { readyAt, type Sighting, type Written, writeBatch } from './write.ts';

export interface WorkOptions {
  google: Google;
  blobs: Blobs;
  grants: Grants;
  config: Pick<Config, 'HAWKER_PUBLIC_URL' | 'HAWKER_BUCKET' | 'cloudRun'>;
  clock: Clock;
  ids: Ids;
  log: Log;
  /** Instead of the guarded one. */
  fetchPublic?: FetchPublic;
}

/** For a last look into the deck after the caller's own time is over, in milliseconds. */
const LAST_LOOK_MS = 5_000;

/** An image that Google says is placed, and that is not there. One that took another's place is told by its source address alone, which Slides may leave out. */
const missing = ({ objects }: ImageOutcome): Partial<ImageOutcome> =>
  objects.some(({ action }) => action === 'created')
    ? {
        state: 'failed',
        error: {
          code: 'not_verified',
          detail: 'Google took the image, but the deck does not show it where it was placed',
        },
      }
    : {};

/** One job under way. */
interface Course {
  input: WorkInput;
  apis: GoogleApis;
  addresses: Addresses;
  deck: Presentation;
  outcomes: Outcomes;
  passing: Pick<Passing, 'name' | 'put'>;
}

export function createWork(options: WorkOptions): Work {
  const { google, blobs, clock, ids, log, fetchPublic = guardedFetch } = options;

  async function begin(input: WorkInput): Promise<Omit<Course, 'outcomes' | 'passing'>> {
    const addresses = openAddresses(input.job, input.asked.mode, options);
    const apis = google.as(input.identity);
    return { input, apis, addresses, deck: await askForDeck(apis, input, input.signal) };
  }

  /** Those that can be placed, ready to be fetched; none where one cannot and that is to end it all. */
  async function prepare(course: Course): Promise<Prepared[]> {
    const { input, deck, outcomes } = course;
    const aims: Aim[] = [];
    for (const [index, aim] of findAims(deck, input.asked.images))
      if ('code' in aim) outcomes.fail(index, aim);
      else aims.push(aim);
    return fitting(course, await makeReady(course, aims));
  }

  /** The same in a deck that was changed meanwhile; what is ready stays so, where it goes to a box of the same proportions. */
  async function prepareAgain(course: Course, left: readonly Prepared[], kept: Kept[]): Promise<Prepared[]> {
    const { input, deck, outcomes } = course;
    const { same, other, gone } = aimAgain(deck, left, input.asked.images);
    for (const [index, error] of gone) outcomes.fail(index, error);
    for (const { index } of other) outcomes.again(index);
    const anew = await makeReady(course, other);
    const prepared = fitting(course, [...same, ...anew]);
    if (prepared.length > 0) await keep(course, prepared, kept);
    return prepared;
  }

  function makeReady({ input, apis, outcomes, passing }: Course, aims: readonly Aim[]): Promise<Prepared[]> {
    const { asked, signal } = input;
    const readSource = createReadSource({ apis, blobs, fetchPublic, ownBucket: options.config.HAWKER_BUCKET });
    return observe({ name: 'slides.prepare', attributes: { 'hawker.slides.images': aims.length } }, () =>
      prepareImages(aims, asked.images, { readSource, convert: convertImage, passing, outcomes, signal }),
    );
  }

  function fitting({ input, deck, outcomes }: Course, prepared: readonly Prepared[]): Prepared[] {
    const { job, asked } = input;
    // Without addresses, which come last: only the pixels tell whether each finds its place.
    const { plan, refused } = makePlan(
      deck,
      job,
      prepared.map((image) => readyAt(image, new Map())),
    );
    for (const [index, error] of refused) outcomes.fail(index, error);
    if (asked.onError === 'abort' && outcomes.anyFailed()) return [];
    outcomes.set(plan?.objects.keys() ?? [], ({ index }) => ({ objects: plan?.objects.get(index) ?? [] }));
    return prepared.filter(({ aim }) => !refused.has(aim.index));
  }

  async function place(course: Course, prepared: readonly Prepared[], kept: Kept[]): Promise<Written> {
    const { input, apis, addresses, deck, outcomes } = course;
    await keep(course, prepared, kept);
    const parts = { slides: apis.slides, addresses, outcomes, clock, ids };
    measureServed(prepared, outcomes);
    return observe({ name: 'slides.write' }, () =>
      writeBatch(deck, prepared, input, {
        ...parts,
        look: () => lookAgain(course),
        prepareAgain: (now, left) => prepareAgain({ ...course, deck: now }, left, kept),
      }),
    );
  }

  /** Keeps what is about to be replaced and has it noted; after that, what was kept for a plan before this one goes. */
  async function keep({ input, apis, deck, outcomes }: Course, prepared: readonly Prepared[], kept: Kept[]) {
    const { asked, signal, beforeWrite } = input;
    const { mode } = asked;
    const before = kept.length;
    const aims = prepared.map(({ aim }) => aim);
    if (asked.keepReplaced)
      await keepReplaced(deck, aims, kept, { mode, slides: apis.slides, blobs, clock, ids, signal });
    await beforeWrite?.(outcomes.all(), kept.slice(before));
    for (const old of kept.splice(0, before)) if (old.kind === 'image') await removeBlob(old.blob, options);
    signal.throwIfAborted();
  }

  /** Also when the caller's time is over, since what was sent may have been applied. */
  async function lookAgain(course: Omit<Course, 'outcomes' | 'passing'>): Promise<Sighting> {
    const { input, apis } = course;
    const { signal } = input;
    if (!signal.aborted) return sighted({ ...course, deck: await askForDeck(apis, input, signal) });
    const last = new AbortController();
    const ended = new AbortController();
    clock.sleep(LAST_LOOK_MS, ended.signal).then(
      () => last.abort(),
      () => undefined,
    );
    try {
      return await sighted({ ...course, deck: await askForDeck(apis, input, last.signal) });
    } finally {
      ended.abort();
    }
  }

  async function verify(course: Course, { sighting }: Written): Promise<void> {
    try {
      const { placed } = sighting ?? (await lookAgain(course));
      course.outcomes.verify(placed, missing);
    } catch (error) {
      // Google has said that it is done; what is not known is only how it looks.
      log.warn('the images of a job were placed and not looked at', { job: course.input.job, error });
    }
  }

  /** What nobody can bring back, since nothing took its place; an image that was taken and is not seen may yet have. */
  async function forget(kept: readonly Kept[], outcomes: Outcomes, mayBePlaced: boolean): Promise<void> {
    const mayHaveGone = ({ state, error }: ImageOutcome) => state !== 'failed' || error?.code === 'not_verified';
    for (const one of kept)
      if (one.kind === 'image' && !(mayBePlaced && mayHaveGone(outcomes.of(one.index))))
        await removeBlob(one.blob, options);
  }

  async function carryOut(input: WorkInput): Promise<JobOutcome> {
    const { job, asked, signal, onProgress, known } = input;
    const begun = await begin(input);
    const before = await sighted(begun);
    if (before.placed.size > 0) {
      const found = createOutcomes(asked.images.length, onProgress, known);
      found.verify(before.placed, () => ({ state: 'left out', objects: [] }));
      log.info('a job was found applied in its deck', { job });
      return ended(found, { writes: 0, revisionId: before.deck.revisionId });
    }
    const outcomes = createOutcomes(asked.images.length, onProgress);
    const passing = createPassing(job, options);
    const course = { ...begun, outcomes, passing };
    const kept: Kept[] = [];
    let mayBePlaced = false;
    try {
      const prepared = await prepare(course);
      const written = prepared.length > 0 ? await place(course, prepared, kept) : { applied: false, writes: 0 };
      mayBePlaced = written.applied;
      if (written.applied) await verify(course, written);
      else outcomes.leaveOut();
      const { writes, revisionId, sighting }: Written = written;
      return ended(outcomes, { writes, revisionId: revisionId ?? sighting?.deck.revisionId });
    } catch (error) {
      mayBePlaced ||= isAppError(error, 'outcome_unknown');
      throw signal.aborted && !(error instanceof AppError) ? noTime() : error;
    } finally {
      await passing.clear();
      await forget(kept, outcomes, mayBePlaced);
    }
  }

  return {
    run: (input) => countingImages(input.asked.images.length, () => carryOut(input)),

    async dryRun(input) {
      const outcomes = createOutcomes(input.asked.images.length, input.onProgress);
      const passing = { ...createPassing(input.job, options), put: () => Promise.resolve() };
      try {
        const course = { ...(await begin(input)), outcomes, passing };
        const prepared = await prepare(course);
        const urls = await course.addresses.pretend(prepared.flatMap(({ served }) => served));
        const { plan } = makePlan(
          course.deck,
          input.job,
          prepared.map((image) => readyAt(image, urls)),
        );
        if (!plan) outcomes.leaveOut();
        const outcome = ended(outcomes, { writes: 0, revisionId: course.deck.revisionId });
        return { ...outcome, ...(plan && { batch: plan.requests }) };
      } catch (error) {
        throw input.signal.aborted && !(error instanceof AppError) ? noTime() : error;
      }
    },
  };
}

async function sighted({ input, addresses, deck }: Omit<Course, 'outcomes' | 'passing'>): Promise<Sighting> {
  const { job, asked } = input;
  return { deck, placed: await findPlaced(deck, { job, images: asked.images, isFor: addresses.isFor }) };
}

function askForDeck({ slides }: GoogleApis, input: WorkInput, signal: AbortSignal): Promise<Presentation> {
  return slides.presentation(input.presentationId, { signal });
}

function ended(
  outcomes: Outcomes,
  { writes, revisionId }: { writes: number; revisionId: string | undefined },
): JobOutcome {
  const images = outcomes.all();
  return { state: stateOf(images), images, writes, ...(revisionId !== undefined && { revisionId }) };
}

function noTime(): AppError {
  return new AppError('unavailable', 'There was no time left for this job; nothing was written');
}

const guardedFetch: FetchPublic = async (url, options) => {
  const { fetchPublic } = await import('../fetch/public-fetch.ts');
  return fetchPublic(url, options);
};
