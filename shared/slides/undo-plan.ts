/**
 * What an undo has to ask of Slides, as the deck is now: pure, so that doing it again, after an answer that never came, finds what is left to do.
 *
 * What the job created goes first. Then the shapes of its tags come back under their old ids, the lowest first, and after each what lies over it is brought to the front, so that
 * every shape ends up where its image was. Images that were replaced get their bytes and their alt text back.
 */
import type { Presentation, SlidesRequest } from '../google/slides.ts';
import { type Deck, type DeckSlide, elementsOf, findSlide, readDeck } from './deck.ts';
import type { JobRecord, Kept, Undone } from './job.ts';
import type { PlacedObject } from './outcome.ts';
import { idAgain, shapeAgain } from './undo-shape.ts';

/** What can be done for an image that was replaced: fetch its bytes, nothing, since it shows them already, or nothing, for a reason. */
export type KeptBytes = { address: string } | { shown: true } | { missing: string };

export interface UndoPlan {
  requests: SlidesRequest[];
  /** For each request the object that is restored by it; undefined where something is deleted. */
  owners: (string | undefined)[];
  /** What has become of each object once the requests are applied. */
  undone: Undone[];
}

export interface UndoState {
  images: JobRecord['images'];
  kept: readonly Kept[];
  /** Of each replaced image, by its object id, what there is of it. */
  bytes: ReadonlyMap<string, KeptBytes>;
  /** Objects that Slides does not take back, by id, and why. */
  hopeless: ReadonlyMap<string, string>;
}

const EFFECTS_LOST = 'It was cropped, recoloured, had a shadow or the like, which does not come back';
const NOT_KEPT = 'What was there was not kept: the job was asked without keepReplaced';
const NO_BYTES = `${NOT_KEPT}, or Slides could not show the image itself`;

interface Shape {
  kept: Kept & { kind: 'shape' };
  requests: SlidesRequest[];
  /** At which depth of its slide it belongs. */
  depth: number;
}

export function planUndo(presentation: Presentation, state: UndoState): UndoPlan {
  const deck = readDeck(presentation);
  const there = new Set(elementsOf(deck).map(({ element }) => element.objectId));
  const plan: UndoPlan = { requests: [], owners: [], undone: [] };
  const add = (owner: string | undefined, requests: readonly SlidesRequest[]) => {
    plan.requests.push(...requests);
    plan.owners.push(...requests.map(() => owner));
  };
  const objects = state.images.flatMap(({ index, objects: own }) => own.map((object) => ({ index, ...object })));
  const created = objects.filter(({ action }) => action === 'created').map(({ objectId }) => objectId);
  const shapes: Shape[] = [];

  for (const { index, ...object } of objects) {
    const { objectId, action, insteadOf } = object;
    if (action === 'replaced') {
      plan.undone.push({ index, objectId, ...replaced(object, there, state) });
      continue;
    }
    if (there.has(objectId)) add(undefined, [{ deleteObject: { objectId } }]);
    plan.undone.push({ index, objectId, action: there.has(objectId) ? 'deleted' : 'gone' });
    if (insteadOf === undefined) continue;
    const back = shapeBack(deck, there, object, insteadOf, state);
    if ('shape' in back) shapes.push(back.shape);
    plan.undone.push({ index, objectId: idAgain(insteadOf), ...back.told });
  }
  for (const slide of deck.slides)
    for (const { owner, requests } of inOrder(slide, created, shapes)) add(owner, requests);
  for (const { objectId, action } of plan.undone) {
    const known = action === 'restored' ? state.bytes.get(objectId) : undefined;
    if (known && 'address' in known)
      add(objectId, [
        { replaceImage: { imageObjectId: objectId, url: known.address, imageReplaceMethod: 'CENTER_CROP' } },
        { updatePageElementAltText: { objectId, ...wordsOf(objectId, state) } },
      ]);
  }
  return plan;
}

/** Both are always said: what is left out would keep what the job wrote. */
function wordsOf(objectId: string, { kept }: UndoState): { title: string; description: string } {
  const known = kept.find((one) => one.kind === 'image' && one.objectId === objectId);
  return known?.kind === 'image'
    ? { title: known.title, description: known.description }
    : { title: '', description: '' };
}

type Told = Pick<Undone, 'action' | 'detail'>;

function replaced(
  { objectId, effectsLost }: PlacedObject,
  there: ReadonlySet<string>,
  { bytes, hopeless }: UndoState,
): Told {
  if (!there.has(objectId)) return { action: 'gone' };
  const known = bytes.get(objectId);
  const restored: Told = { action: 'restored', ...(effectsLost && { detail: EFFECTS_LOST }) };
  if (known && 'shown' in known) return restored;
  const missing = !known ? NO_BYTES : 'missing' in known ? known.missing : undefined;
  const detail = missing ?? hopeless.get(objectId);
  return detail === undefined ? restored : { action: 'not restored', detail };
}

function shapeBack(
  deck: Deck,
  there: ReadonlySet<string>,
  { objectId: image, page }: PlacedObject,
  objectId: string,
  { kept: all, hopeless }: UndoState,
): { shape: Shape; told: Told } | { told: Told } {
  const not = (detail: string) => ({ told: { action: 'not restored', detail } as const });
  // By an undo that was cut off, or never gone.
  if (there.has(idAgain(objectId))) return { told: { action: 'restored' } };
  const kept = all.find((one) => one.kind === 'shape' && one.element.objectId === objectId);
  if (kept?.kind !== 'shape') return not(NOT_KEPT);
  const why = hopeless.get(idAgain(objectId));
  if (why !== undefined) return not(why);
  const slide = findSlide(deck, page);
  if (!slide) return not('Its slide is not there any more');
  const again = shapeAgain(page, kept.element);
  if (!again) return not('Its size is not known');
  const { requests, detail } = again;
  return {
    shape: { kept, requests, depth: depthOf(slide, image, kept.above) },
    told: { action: 'restored', ...(detail !== undefined && { detail }) },
  };
}

/** Where its image is now; without that, beneath all that lay over the shape. */
function depthOf({ elements, order }: DeckSlide, image: string, above: readonly string[]): number {
  const ancestor = elements.find(({ element }) => element.objectId === image)?.ancestor;
  if (ancestor !== undefined) return order.indexOf(ancestor);
  const lowest = order.findIndex((objectId) => above.includes(objectId));
  return lowest < 0 ? order.length : lowest;
}

/** The shapes of one slide, the lowest first, each followed by what belongs between it and the next. */
function* inOrder(
  { objectId: page, order, elements }: DeckSlide,
  created: readonly string[],
  shapes: readonly Shape[],
): Generator<{ owner: string; requests: SlidesRequest[] }> {
  const own = shapes.filter(({ kept }) => kept.page === page).sort((a, b) => a.depth - b.depth);
  // A group that loses an element may be no group after that, and cannot be named then.
  const touched = new Set(
    elements.filter(({ element }) => created.includes(element.objectId)).map(({ ancestor }) => ancestor),
  );
  for (const [at, { kept, requests, depth }] of own.entries()) {
    const between = order.slice(depth, own[at + 1]?.depth).filter((objectId) => !touched.has(objectId));
    yield {
      owner: idAgain(kept.element.objectId),
      requests: [
        ...requests,
        ...(between.length > 0
          ? [{ updatePageElementsZOrder: { pageElementObjectIds: between, operation: 'BRING_TO_FRONT' as const } }]
          : []),
      ],
    };
  }
}
