/** Finds in the deck what the images are to go to, and what has to become of their pixels for that. */
import type { PageElement } from '../google/slides.ts';
import { ImageFault } from '../images/fault.ts';
import type { At, Shaping } from '../images/image.ts';
import type { Alignment, Fit, ImageAsked, Target } from './asked.ts';
import { type Deck, type DeckElement, elementsOf, findSlide, readDeck } from './deck.ts';
import { type Frame, renderedArea, renderedSize } from './geometry.ts';
import { createCells, type TakeCell } from './grid-cells.ts';
import { orError } from './or-error.ts';
import { boxIn, isFixed, roomFor } from './place.ts';
import type { Aim, FindAims, Rendition, Spot } from './plan.ts';
import { createTagFinder, type FindTagged } from './tags.ts';

type PageTarget = Extract<Target, { type: 'page' }>;
type ElementTarget = Exclude<Target, PageTarget>;

/** Of an image's properties (https://developers.google.com/slides/api/reference/rest/v1/presentations.pages/images#ImageProperties), those that change what is seen of it. */
interface Effects {
  cropProperties?: Record<string, number>;
  transparency?: number;
  brightness?: number;
  contrast?: number;
  recolor?: object;
  shadow?: { propertyState?: string };
}

/** Proportions that differ by no more than this part share a rendition. */
const SAME_RATIO = 1e-3;

export const findAims: FindAims = (presentation, images) => {
  const deck = readDeck(presentation);
  const findTagged = createTagFinder(deck);
  const takeCell = createCells(deck, images);
  /** By the object id of an element, the image that takes its place. */
  const taken = new Map<string, number>();

  const aimOf = ({ target, fit, altText }: ImageAsked, index: number): Aim => {
    if (target.type === 'page') return { index, ...aimAtPage(deck, target, fit, takeCell) };
    const found = findElements(deck, target, findTagged);
    for (const { element } of found) refuseTaken(element.objectId, taken.get(element.objectId));
    if (altText === 'keep') for (const { element } of found) refuseWordless(element);
    const aim = aimAtElements(found, target, fit);
    for (const { element } of found) taken.set(element.objectId, index);
    return { index, ...aim };
  };
  return new Map(images.map((asked, index) => [index, orError(() => aimOf(asked, index))]));
};

function aimAtPage(deck: Deck, target: PageTarget, fit: Fit, takeCell: TakeCell): Omit<Aim, 'index'> {
  const slide = findSlide(deck, target.page);
  if (!slide) {
    const asked = typeof target.page === 'number' ? `number ${target.page}` : `with the object id ${target.page}`;
    throw new ImageFault('page_not_found', `There is no slide ${asked}; the presentation has ${deck.slides.length}.`);
  }
  const room = roomFor(target.place, deck.page, takeCell(slide.objectId, target.place));
  const spot: Spot = { kind: 'page', page: slide.objectId, rendition: 0, room };
  if (!isFixed(room)) return { renditions: [{ shaping: { type: 'none' } }], spots: [spot] };
  const { width, height } = boxIn(room, 1);
  return { renditions: [{ shaping: shapedForBox(fit, width / height) }], spots: [spot] };
}

function findElements(deck: Deck, target: ElementTarget, findTagged: FindTagged): DeckElement[] {
  if (target.type === 'tag') return findTagged(target.tag);
  const elements = elementsOf(deck);
  if (target.type === 'altText') {
    const { key } = target;
    const found = elements.filter(
      ({ element }) => element.image && (element.title === key || element.description === key),
    );
    if (found.length === 0)
      throw new ImageFault('element_not_found', `No image on a slide has the title or description ${key}.`);
    return found;
  }
  const found = elements.find(({ element }) => element.objectId === target.objectId);
  if (!found)
    throw new ImageFault('element_not_found', `No slide has an element with the object id ${target.objectId}.`);
  if (!found.element.image)
    throw new ImageFault(
      'element_not_found',
      `The element ${target.objectId} is no image but ${kindOf(found.element)}.`,
    );
  return [found];
}

function aimAtElements(found: DeckElement[], { type, align }: ElementTarget, fit: Fit): Omit<Aim, 'index'> {
  const renditions: Rendition[] = [];
  const spots = found.map(({ element, page, frame }): Spot => {
    const ratio = ratioOf(element, frame);
    if (type !== 'tag') {
      const rendition = renditionFor(shapedForImage(fit, ratio, align), renditions);
      return { kind: 'image', page, rendition, element, effects: hasEffects(element) };
    }
    const rendition = renditionFor(shapedForBox(fit, ratio), renditions);
    return { kind: 'shape', page, rendition, element, frame, align };
  });
  return { renditions, spots };
}

/** The element that shows an image stays as it is, so all of the fitting is done to the pixels. */
function shapedForImage(fit: Fit, ratio: number, align: Alignment): Shaping {
  if (fit === 'contain') return { type: 'pad', ratio, at: PADDED_AT[align] };
  return { type: fit === 'cover' ? 'crop' : 'stretch', ratio };
}

const PADDED_AT: Record<Alignment, At> = {
  'top-left': 'left top',
  top: 'top',
  'top-right': 'right top',
  left: 'left',
  center: 'center',
  right: 'right',
  'bottom-left': 'left bottom',
  bottom: 'bottom',
  'bottom-right': 'right bottom',
};

/** A new element is made to fit by its size and transform; what they cannot do is to crop (UpdateImagePropertiesRequest: cropProperties are read-only). */
function shapedForBox(fit: Fit, ratio: number): Shaping {
  return fit === 'cover' ? { type: 'crop', ratio } : { type: 'none' };
}

/** The index among the renditions of one aim, to which it is added where there is none like it. */
function renditionFor(shaping: Shaping, renditions: Rendition[]): number {
  const known = renditions.findIndex(({ shaping: other }) => isSameShaping(other, shaping));
  return known === -1 ? renditions.push({ shaping }) - 1 : known;
}

/** Whether both give the same pixels, as far as anybody sees. */
export function isSameShaping(one: Shaping, other: Shaping | undefined): boolean {
  if (one.type === 'none' || !other || other.type === 'none') return one.type === other?.type;
  return one.type === other.type && Math.abs(one.ratio / other.ratio - 1) <= SAME_RATIO;
}

function ratioOf(element: PageElement, frame: Frame): number {
  const area = renderedArea(frame);
  if (!(area >= 1 && area < Number.POSITIVE_INFINITY))
    throw new ImageFault('place_impossible', `The element ${element.objectId} has no area on its slide.`);
  const { width, height } = renderedSize(frame);
  return width / height;
}

function refuseTaken(objectId: string, other: number | undefined): void {
  if (other !== undefined)
    throw new ImageFault('place_impossible', `Image ${other} takes the place of the element ${objectId} already.`);
}

/** Nobody is told what an image shows that has no words of its own and is given none. */
function refuseWordless({ objectId, title = '', description = '' }: PageElement): void {
  if (title.trim() || description.trim()) return;
  throw new ImageFault(
    'alt_text_missing',
    `The image ${objectId} has neither a title nor a description to keep: give altText, or decorative: true.`,
  );
}

function kindOf({ shape, elementGroup }: PageElement): string {
  if (elementGroup) return 'a group';
  return shape ? 'a shape' : 'something else';
}

/** What ReplaceImageRequest removes, or leaves to look otherwise than before. */
function hasEffects({ image }: PageElement): boolean {
  const { cropProperties, shadow, recolor, transparency, brightness, contrast } = (image?.imageProperties ??
    {}) as Effects;
  const numbers = [...Object.values(cropProperties ?? {}), transparency, brightness, contrast];
  return (
    numbers.some((number) => number !== undefined && number !== 0) ||
    recolor !== undefined ||
    shadow?.propertyState === 'RENDERED'
  );
}
