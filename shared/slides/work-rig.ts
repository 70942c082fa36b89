/** A deck in this process that does what Google may do to a batch, one thing after the other, and what the work leaves behind. */
import { createHash } from 'node:crypto';
import type { Blobs } from '../blobs/blobs.ts';
import { loadConfig } from '../config.ts';
import { AppError } from '../errors.ts';
import type { GoogleApis } from '../google/google.ts';
import type { BatchOutcome, SlidesRequest } from '../google/slides.ts';
import { systemIds } from '../ids.ts';
import { withShorthands } from '../store/index.ts';
import { createMemoryDriver } from '../store/memory.ts';
import { readImageHeader } from '../testing/google/image-header.ts';
import { png } from '../testing/google/pictures.ts';
import { readSchema } from '../testing/google/schema.ts';
import { doRequest, type LooseRequest } from '../testing/google/slides-batch.ts';
import {
  copyOf,
  type GivenDeck,
  makeDeck,
  type Picture,
  presentationOf,
  revisionOf,
  spotsOf,
} from '../testing/google/slides-deck.ts';
import { SLIDES_ENUMS, SLIDES_INTEGERS } from '../testing/google/slides-enums.ts';
import { createKeptLog } from '../testing/kept-log.ts';
import { createSkippingClock } from '../testing/skipping-clock.ts';
import type { ImageAsked, ImagesAsked } from './asked.ts';
import { createGrantReader } from './grant-reader.ts';
import type { WorkInput } from './job.ts';
import { createGrants } from './open-grants.ts';
import { createWork } from './work.ts';

/**
 * What becomes of one batch. `lost before`, `lost after`: the answer is lost, and it was not applied, or was. `late`: the answer is lost, and it is applied after the next look
 * into the deck. `not fetched`: Google cannot fetch the image that is named, though it came; `not reached`: it never came. `refused`: there is something else about it.
 * `edited`: somebody does this to the deck, as far as it can be done, just before the batch comes.
 */
export type Step =
  | 'applied'
  | 'twice'
  | 'lost before'
  | 'lost after'
  | 'late'
  | 'busy'
  | 'nameless'
  | 'other revision'
  | { kind: 'edited'; requests: SlidesRequest[] }
  | { kind: 'not fetched' | 'not reached' | 'refused'; index: number };

export const DECK = 'deck-1';
const FROM_HERE = 'http://127.0.0.1:9/slides-images/';
const RETRIEVING =
  'There was a problem retrieving the image. The provided image should be publicly accessible, within size limit, and in supported formats.';
const schema = readSchema('slides/v1', {
  package: 'google.apps.slides.v1',
  enums: SLIDES_ENUMS,
  integers: SLIDES_INTEGERS,
});

export function createWorkRig(given: GivenDeck = {}, { shared = false } = {}) {
  const clock = createSkippingClock();
  const log = createKeptLog();
  const ids = systemIds;
  const store = withShorthands(createMemoryDriver());
  const config = loadConfig({ HAWKER_PUBLIC_URL: 'http://127.0.0.1:9' });
  const grants = createGrants({ store, config, clock, ids });
  const reader = createGrantReader({ store, config, clock, ids, log });
  const blobs = createMemoryBlobs(shared);
  const script: Step[] = [];
  const batches: SlidesRequest[][] = [];
  const addresses = new Set<string>();
  let deck = makeDeck(given, DECK, 'me');
  let late: (() => void)[] = [];

  /** What an address gives, as Google would get it. */
  async function fetchImage(url: string): Promise<Picture | undefined> {
    if (url.startsWith('https://bucket.test/'))
      return pictureOf(blobs.kept.get(url.split('/').at(-1)?.split('?')[0] ?? ''));
    const granted = await reader.take(url.slice(FROM_HERE.length), { userAgent: 'Google', address: '192.0.2.1' });
    return granted && pictureOf(blobs.kept.get(granted.blob));
  }

  async function fetchAll(requests: readonly SlidesRequest[], times: number): Promise<(Picture | undefined)[]> {
    const pictures: (Picture | undefined)[] = [];
    for (const { createImage, replaceImage } of requests) {
      const url = createImage?.url ?? replaceImage?.url;
      let picture: Picture | undefined;
      for (let time = 0; url !== undefined && time < times; time++) picture = await fetchImage(url);
      pictures.push(picture);
    }
    return pictures;
  }

  function apply(requests: readonly SlidesRequest[], pictures: readonly (Picture | undefined)[]): BatchOutcome {
    const copy = copyOf(deck);
    for (const [index, request] of requests.entries()) {
      const kind = Object.keys(request)[0] ?? '';
      const refuse = (message: string): BatchOutcome => {
        return { outcome: 'refused', index, message: `Invalid requests[${index}].${kind}: ${message}` };
      };
      const needsOne = kind === 'createImage' || kind === 'replaceImage';
      if (needsOne && !pictures[index]) return refuse(RETRIEVING);
      try {
        doRequest(copy, request as LooseRequest, kind, pictures[index], schema);
      } catch (error) {
        return refuse((error as Error).message);
      }
    }
    copy.revision++;
    deck = copy;
    return { outcome: 'applied', revisionId: revisionOf(copy) };
  }

  function edit(requests: readonly SlidesRequest[]): void {
    for (const request of requests) apply([request], []);
  }

  async function play(step: Step, requests: readonly SlidesRequest[]): Promise<BatchOutcome> {
    if (typeof step === 'object' && step.kind === 'edited') {
      edit(step.requests);
    } else if (typeof step === 'object') {
      const at = nthImage(requests, step.index);
      if (step.kind !== 'not reached') await fetchAll(requests.slice(0, at + 1), 1);
      const message = step.kind === 'refused' ? 'The image is not liked.' : RETRIEVING;
      return { outcome: 'refused', index: at, message: `Invalid requests[${at}].createImage: ${message}` };
    }
    const lost: BatchOutcome = { outcome: 'unknown', reason: 'The answer was lost' };
    if (step === 'busy') throw new AppError('too_many_requests', 'Google is busy');
    if (step === 'nameless') return { outcome: 'refused', message: 'Something is wrong.' };
    if (step === 'other revision') return { outcome: 'other-revision' };
    if (step === 'lost before') return lost;
    const pictures = await fetchAll(requests, step === 'twice' ? 2 : 1);
    if (step === 'late') {
      late.push(() => apply(requests, pictures));
      return lost;
    }
    const applied = apply(requests, pictures);
    return step === 'lost after' ? lost : applied;
  }

  const apis: GoogleApis = {
    account: () => Promise.resolve('me'),
    slides: {
      presentation() {
        const read = presentationOf(deck, 'writer', () => 'https://content.test/');
        for (const happen of late) happen();
        late = [];
        return Promise.resolve(read);
      },
      async batchUpdate(_, { requests, requiredRevisionId }) {
        batches.push(structuredClone([...requests]));
        for (const { createImage, replaceImage } of requests) {
          const url = createImage?.url ?? replaceImage?.url;
          if (url !== undefined) addresses.add(url);
        }
        if (requiredRevisionId !== undefined && requiredRevisionId !== revisionOf(deck))
          return { outcome: 'other-revision' };
        return play(script.shift() ?? 'applied', requests);
      },
      content: () => Promise.resolve(png(3, 3)),
    },
    drive: {
      file: () => Promise.reject(new AppError('not_found', 'There is no such file')),
      download: () => Promise.reject(new AppError('not_found', 'There is no such file')),
    },
    storage: {} as GoogleApis['storage'],
    secrets: {} as GoogleApis['secrets'],
    sqlAdmin: {} as GoogleApis['sqlAdmin'],
  };

  return {
    clock,
    ids,
    config,
    log,
    store,
    blobs,
    script,
    batches,
    apis,
    /** Another process each time. */
    work: (change: Partial<Parameters<typeof createWork>[0]> = {}) =>
      createWork({ google: { as: () => apis }, blobs, grants, config, clock, ids, log, ...change }),
    input: (job: string, images: readonly ImageAsked[], change: Partial<WorkInput & ImagesAsked> = {}): WorkInput => {
      const { onError = 'abort', mode = 'private', keepReplaced = false, requiredRevisionId, ...rest } = change;
      const revision = requiredRevisionId === undefined ? {} : { requiredRevisionId };
      const asked: ImagesAsked = { images, onError, mode, keepReplaced, ...revision };
      const { signal } = new AbortController();
      return { job, presentationId: DECK, asked, identity: { type: 'own' }, signal, ...rest };
    },
    /** Object ids of all images there, and the SHA-256 of what each shows. */
    images: () =>
      new Map(
        [...spotsOf(deck)].flatMap(({ element: { objectId, image } }) =>
          image ? [[objectId, sha256(deck.pictures.get(objectId)?.bytes ?? new Uint8Array())] as const] : [],
        ),
      ),
    revision: () => revisionOf(deck),
    edit,
    /** What was sent late and has not happened yet happens now. */
    happen() {
      for (const one of late) one();
      late = [];
    },
    /** Addresses that were ever sent and still give something. */
    async alive(): Promise<string[]> {
      const answers = await Promise.all([...addresses].map(async (url) => ((await fetchImage(url)) ? url : [])));
      return answers.flat();
    },
    openGrants: async () => (await store.list('slides-grants', { limit: 1_000 })).docs.length,
  };
}

export type WorkRig = ReturnType<typeof createWorkRig>;

/** The request that shows the nth image of a batch. */
function nthImage(requests: readonly SlidesRequest[], n: number): number {
  const all = requests.flatMap(({ createImage, replaceImage }, at) => (createImage || replaceImage ? at : []));
  return all[n % all.length] ?? 0;
}

function pictureOf(bytes: Uint8Array | undefined): Picture | undefined {
  const header = bytes && readImageHeader(bytes);
  return header && { ...header, bytes };
}

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function createMemoryBlobs(shared: boolean): Blobs & { kept: Map<string, Uint8Array>; failPut?: AppError } {
  const kept = new Map<string, Uint8Array>();
  const blobs: ReturnType<typeof createMemoryBlobs> = {
    shared,
    kept,
    async put(name, bytes) {
      await Promise.resolve();
      kept.set(name, bytes);
      // It was written, and nobody heard of it.
      if (blobs.failPut) throw blobs.failPut;
    },
    get(name) {
      const bytes = kept.get(name);
      const body = new Blob([new Uint8Array(bytes ?? [])]).stream();
      return Promise.resolve(bytes && { size: bytes.length, type: 'image/png', body });
    },
    delete: (name) => Promise.resolve(void kept.delete(name)),
    list: () => Promise.resolve([...kept.keys()].sort()),
    sign: (name, seconds) => Promise.resolve(`https://bucket.test/b/${name}?X-Goog-Expires=${seconds}`),
  };
  return blobs;
}

/** One image of `shade`, at its own place on the first slide. */
export function atPage(shade: number): ImageAsked {
  const nothing = { emu: 0 };
  return {
    source: { type: 'bytes', bytes: png(4, 3, shade) },
    target: {
      type: 'page',
      page: 1,
      place: { align: 'center', margin: { top: nothing, right: nothing, bottom: nothing, left: nothing } },
    },
    fit: 'contain',
    altText: { title: '', description: `grey ${shade}` },
  };
}

export function inPlaceOf(objectId: string, shade: number): ImageAsked {
  return { ...atPage(shade), target: { type: 'image', objectId, align: 'center' }, altText: 'keep' };
}

export function atTag(tag: string, shade: number): ImageAsked {
  return { ...atPage(shade), target: { type: 'tag', tag, align: 'center' } };
}

/** A deck with an image `old_one` and a shape with {{logo}}. */
export function someDeck(): GivenDeck {
  const size = {
    width: { magnitude: 3_000_000, unit: 'EMU' as const },
    height: { magnitude: 3_000_000, unit: 'EMU' as const },
  };
  const transform = { scaleX: 1, scaleY: 1, unit: 'EMU' as const };
  const text = { textElements: [{ endIndex: 9, textRun: { content: '{{logo}}\n', style: {} } }] };
  return {
    slides: [
      {
        objectId: 'slide_one',
        elements: [
          { objectId: 'old_one', size, transform, image: {}, bytes: png(5, 5), title: 'old' },
          { objectId: 'logo_shape', size, transform, shape: { shapeType: 'TEXT_BOX', text } },
        ],
      },
    ],
  };
}
