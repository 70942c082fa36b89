/** Finds the aims of a job anew, in a deck that somebody has changed since its images were made ready. */
import type { Presentation } from '../google/slides.ts';
import type { ImageAsked } from './asked.ts';
import { findAims, isSameShaping } from './find-aims.ts';
import type { ImageError } from './outcome.ts';
import type { Aim } from './plan.ts';
import type { Prepared } from './prepare.ts';

export interface AimedAgain {
  /** Those whose pixels are what they need to be, each with its new aim. */
  same: Prepared[];
  /** Those that have to be made ready once more: the box they go to has other proportions now. */
  other: Aim[];
  /** By index, those whose place is gone. */
  gone: Map<number, ImageError>;
}

/** `images`: all that were asked for, since they share the cells of grids and the elements they replace; only `left` are aimed again. */
export function aimAgain(deck: Presentation, left: readonly Prepared[], images: readonly ImageAsked[]): AimedAgain {
  const aims = findAims(deck, images);
  const again: AimedAgain = { same: [], other: [], gone: new Map() };
  for (const one of left) {
    const { index } = one.aim;
    const aim = aims.get(index);
    if (!aim) continue;
    if ('code' in aim) again.gone.set(index, aim);
    else if (needsSame(aim, one.aim)) again.same.push({ ...one, aim, served: servedFor(aim, one) });
    else again.other.push(aim);
  }
  return again;
}

function needsSame({ renditions }: Aim, { renditions: before }: Aim): boolean {
  return (
    renditions.length === before.length &&
    renditions.every(({ shaping }, at) => isSameShaping(shaping, before[at]?.shaping))
  );
}

/** A tag may stand in more boxes than before, or in fewer. */
function servedFor({ spots }: Aim, { served }: Prepared): Prepared['served'] {
  return served.map((one, at) => ({ ...one, uses: spots.filter(({ rendition }) => rendition === at).length }));
}
