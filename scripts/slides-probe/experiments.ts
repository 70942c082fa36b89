/** What only a real account can settle. Each experiment answers what it saw, in words for people and values for programs. */
import type { PageElement } from '#shared/google/slides.ts';
import type { Manner, Picture, Pictures } from './pictures.ts';
import type { Scratch } from './scratch.ts';

interface Bench {
  scratch: Scratch;
  pictures: Pictures;
  signal: AbortSignal;
}

interface Experiment {
  question: string;
  run(bench: Bench): Promise<object>;
}

/** Puts one picture, served in this manner, onto the slide. */
async function insert({ scratch, pictures, signal }: Bench, manner?: Manner) {
  const picture = pictures.make(manner);
  const id = scratch.id();
  const started = performance.now();
  const answer = await scratch.send([scratch.image(id, picture.url)], signal);
  return { ...answer, tookMs: Math.round(performance.now() - started), requests: methodsOf(picture), id, picture };
}

async function inserted(bench: Bench, manner?: Manner): Promise<object> {
  const { id: _id, picture: _picture, ...seen } = await insert(bench, manner);
  return seen;
}

const methodsOf = ({ visits }: Picture) => visits.map(({ method, atMs }) => `${method} after ${atMs} ms`);

function boxOf(element: PageElement | undefined): object {
  const { size, transform } = element ?? {};
  return {
    width: (size?.width?.magnitude ?? 0) * (transform?.scaleX ?? 0),
    height: (size?.height?.magnitude ?? 0) * (transform?.scaleY ?? 0),
    x: transform?.translateX ?? 0,
    y: transform?.translateY ?? 0,
  };
}

/** Any number of harmless requests about one image. */
async function many(bench: Bench, count: number): Promise<string> {
  const { id } = await insert(bench);
  const requests = Array.from({ length: count }, (_, index) => ({
    updatePageElementAltText: { objectId: id, description: `number ${index}` },
  }));
  const answer = await bench.scratch.send(requests, bench.signal);
  return answer.outcome === 'refused' ? `refused: ${answer.message}` : answer.outcome;
}

export const EXPERIMENTS: Record<string, Experiment> = {
  fetch: {
    question: 'How does the fetcher ask: HEAD first, how often, with which headers and protocol?',
    async run(bench) {
      const { outcome, tookMs, picture } = await insert(bench);
      const [first] = picture.visits;
      return {
        outcome,
        tookMs,
        requests: methodsOf(picture),
        httpVersion: first?.httpVersion,
        headers: first?.headers,
      };
    },
  },
  'no-length': {
    question: 'Is an image without Content-Length taken?',
    run: (bench) => inserted(bench, { chunked: true }),
  },
  'slow-10s': {
    question: 'Does it wait 10 seconds for the first byte?',
    run: (bench) => inserted(bench, { delayMs: 10_000 }),
  },
  'slow-40s': {
    question: 'Does it wait 40 seconds for the first byte?',
    run: (bench) => inserted(bench, { delayMs: 40_000 }),
  },
  repeat: {
    question: 'Is a 503 tried again?',
    run: (bench) => inserted(bench, { first: [503] }),
  },
  redirect: {
    question: 'Is a redirect followed?',
    run: (bench) => inserted(bench, { redirected: true }),
  },
  shared: {
    question: 'Is one address in two requests of a batch fetched once or twice?',
    async run({ scratch, pictures, signal }) {
      const picture = pictures.make();
      const requests = [scratch.image(scratch.id(), picture.url), scratch.image(scratch.id(), picture.url)];
      const { outcome } = await scratch.send(requests, signal);
      return { outcome, requests: methodsOf(picture) };
    },
  },
  duplicate: {
    question: 'What is said of an object id that exists?',
    async run(bench) {
      const { id } = await insert(bench);
      const again = bench.scratch.image(id, bench.pictures.make().url);
      return bench.scratch.send([again], bench.signal);
    },
  },
  'replace-ratio': {
    question: 'Does replaceImage keep the box where the ratio is the same, and what becomes of it where it is not?',
    async run(bench) {
      const { scratch, pictures, signal } = bench;
      const { id } = await insert(bench);
      const before = boxOf(await scratch.find(id, signal));
      const replaceBy = async (manner: Manner, imageReplaceMethod: 'CENTER_INSIDE' | 'CENTER_CROP') => {
        const { url } = pictures.make(manner);
        const { outcome } = await scratch.send(
          [{ replaceImage: { imageObjectId: id, url, imageReplaceMethod } }],
          signal,
        );
        const element = await scratch.find(id, signal);
        return { outcome, box: boxOf(element), sourceUrlIsNew: element?.image?.sourceUrl === url };
      };
      return {
        before,
        sameRatio: await replaceBy({ width: 128, height: 128 }, 'CENTER_CROP'),
        wideCropped: await replaceBy({ width: 640, height: 64 }, 'CENTER_CROP'),
        wideInside: await replaceBy({ width: 640, height: 64 }, 'CENTER_INSIDE'),
      };
    },
  },
  'alt-text': {
    question: 'Does replaceImage keep title and description?',
    async run(bench) {
      const { scratch, pictures, signal } = bench;
      const { id } = await insert(bench);
      const { url } = pictures.make();
      await scratch.send([{ updatePageElementAltText: { objectId: id, title: 't', description: 'd' } }], signal);
      await scratch.send([{ replaceImage: { imageObjectId: id, url, imageReplaceMethod: 'CENTER_CROP' } }], signal);
      const { title, description } = (await scratch.find(id, signal)) ?? {};
      return { title, description };
    },
  },
  'many-requests': {
    question: 'How many requests may a batch have?',
    run: async (bench) => ({ 1000: await many(bench, 1_000), 5000: await many(bench, 5_000) }),
  },
};
