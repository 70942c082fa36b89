/** Makes images ready to be fetched: reads each, shapes it for each of its boxes, and puts the results where Google will get them. */
import { createHash } from 'node:crypto';
import type { convertImage } from '../images/convert.ts';
import { ImageFault } from '../images/fault.ts';
import type { ServedImage } from '../images/image.ts';
import { inLanes } from '../in-lanes.ts';
import type { ImageAsked } from './asked.ts';
import type { Outcomes } from './outcomes.ts';
import type { Passing } from './passing.ts';
import type { Aim } from './plan.ts';
import type { ReadSource } from './sources.ts';

/** Images whose bytes are in memory at a time. One of 48 megapixels is worked on in some 400 MiB. */
const AT_ONCE = 2;

/** One rendition, ready to be fetched. */
export interface Served {
  /** Names it within the job, `3.0`: image 3, its first rendition. */
  image: string;
  blob: string;
  sha256: string;
  type: string;
  size: number;
  width: number;
  height: number;
  /** How many requests of the batch will name its address. */
  uses: number;
}

export interface Prepared {
  aim: Aim;
  asked: ImageAsked;
  /** One for each of the aim's renditions. */
  served: Served[];
}

export interface PrepareOptions {
  readSource: ReadSource;
  convert: typeof convertImage;
  passing: Pick<Passing, 'name' | 'put'>;
  outcomes: Outcomes;
  signal: AbortSignal;
}

/** Those that could be made ready, in their order; of the others `outcomes` knows why not. Throws what concerns all of them. */
export async function prepareImages(
  aims: readonly Aim[],
  asked: readonly ImageAsked[],
  options: PrepareOptions,
): Promise<Prepared[]> {
  const { outcomes, signal } = options;
  const ready = new Map<number, Prepared>();
  await inLanes(aims, { lanes: AT_ONCE }, async (aim) => {
    const image = asked[aim.index] as ImageAsked;
    try {
      ready.set(aim.index, { aim, asked: image, served: await prepareImage(aim, image, options) });
    } catch (error) {
      // Without time everything fails, and no image is at fault for it.
      if (signal.aborted || !(error instanceof ImageFault)) throw error;
      outcomes.fail(aim.index, { code: error.code, detail: error.message });
    }
  });
  return aims.flatMap(({ index }) => ready.get(index) ?? []);
}

async function prepareImage(
  aim: Aim,
  { source }: ImageAsked,
  { readSource, convert, passing, outcomes, signal }: PrepareOptions,
): Promise<Served[]> {
  signal.throwIfAborted();
  const bytes = await readSource(source, signal);
  outcomes.set([aim.index], () => ({ state: 'fetched' }));
  const served: Served[] = [];
  for (const [rendition, { shaping }] of aim.renditions.entries()) {
    const made = await convert(bytes, shaping, { signal });
    const image = `${aim.index}.${rendition}`;
    const blob = passing.name(image);
    await passing.put(blob, made.bytes, made.type, signal);
    const uses = aim.spots.filter((spot) => spot.rendition === rendition).length;
    served.push({ image, blob, uses, ...told(made), sha256: createHash('sha256').update(made.bytes).digest('hex') });
    outcomes.set([aim.index], ({ changes, sent }) => ({
      source: made.source,
      // Of several renditions the first one stands for all.
      sent: sent ?? { type: made.type, width: made.width, height: made.height, bytes: made.bytes.length },
      changes: [...new Set([...changes, ...made.changes])],
    }));
  }
  outcomes.set([aim.index], () => ({ state: 'converted' }));
  return served;
}

function told({ type, width, height, bytes }: ServedImage): Pick<Served, 'type' | 'width' | 'height' | 'size'> {
  return { type, width, height, size: bytes.length };
}
