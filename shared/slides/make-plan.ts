/**
 * Writes the batch: image by image in their order, spot by spot, each with its alt text and its place in the z-order; and at its end the shapes of tags are deleted.
 * Not earlier, because Slides removes a group that is left with one element or none (DeleteObjectRequest), and no request may name what is gone.
 */
import type { Dimension, SlidesRequest } from '../google/slides.ts';
import type { ImageAsked } from './asked.ts';
import { readDeck } from './deck.ts';
import { type Extent, type Frame, IDENTITY, layInto, writeTransform } from './geometry.ts';
import { objectIdFor } from './object-id.ts';
import { orError } from './or-error.ts';
import type { ImageError, PlacedObject } from './outcome.ts';
import { boxIn, type Room } from './place.ts';
import type { MakePlan, Ready, Spot } from './plan.ts';
import { createLayers, type Layers } from './z-order.ts';

type ImageSpot = Extract<Spot, { kind: 'image' }>;
type NewSpot = Exclude<Spot, ImageSpot>;
type Picture = Ready['images'][number];

/** What becomes of one spot. `last`: at the end of the batch. */
interface Step {
  object: PlacedObject;
  requests: SlidesRequest[];
  last: SlidesRequest[];
}

export const makePlan: MakePlan = (presentation, job, ready) => {
  const layersOf = new Map(readDeck(presentation).slides.map((slide) => [slide.objectId, createLayers(slide)]));
  const refused = new Map<number, ImageError>();
  const planned: { owner: number; steps: Step[] }[] = [];

  for (const { aim, asked, images } of ready.toSorted((one, other) => one.aim.index - other.aim.index)) {
    const owner = aim.index;
    const steps = orError(() =>
      aim.spots.map((spot, occurrence) => {
        const image = images[spot.rendition] as Picture;
        if (spot.kind === 'image') return replacing(spot, image, asked);
        return creating(spot, image, asked, objectIdFor(job, owner, occurrence), layersOf.get(spot.page) as Layers);
      }),
    );
    if (Array.isArray(steps)) planned.push({ owner, steps });
    else refused.set(owner, steps);
  }

  const owned = (part: 'requests' | 'last') =>
    planned.flatMap(({ owner, steps }) => steps.flatMap((step) => step[part].map((request) => ({ owner, request }))));
  const batch = [...owned('requests'), ...owned('last')];
  const [first, ...rest] = batch.map(({ request }) => request);
  if (!first) return { plan: undefined, refused };
  const objects = new Map(planned.map(({ owner, steps }) => [owner, steps.map(({ object }) => object)]));
  return { plan: { requests: [first, ...rest], owners: batch.map(({ owner }) => owner), objects }, refused };
};

/** Where an image takes the place of another one, the element stays: its box, its rotation, its place in the z-order and its group. */
function replacing({ page, element, effects }: ImageSpot, { url }: Picture, { altText }: ImageAsked): Step {
  const { objectId } = element;
  // The pixels have the element's ratio, so cropping to the centre crops nothing; by the other method it may end smaller than it was.
  const replaceImage = { imageObjectId: objectId, url, imageReplaceMethod: 'CENTER_CROP' as const };
  // Nowhere does Google promise that a replaced image keeps its texts, so they are written again.
  const { title = '', description = '' } = altText === 'keep' ? element : { title: element.title, ...altText };
  const requests: SlidesRequest[] = [{ replaceImage }, { updatePageElementAltText: { objectId, title, description } }];
  const object: PlacedObject = { objectId, page, action: 'replaced', ...(effects && { effectsLost: true }) };
  return { object, requests, last: [] };
}

function creating(spot: NewSpot, image: Picture, { altText, fit }: ImageAsked, objectId: string, layers: Layers): Step {
  const { page } = spot;
  const shape = spot.kind === 'shape' ? spot.element : undefined;
  const frame = spot.kind === 'shape' ? spot.frame : frameOnPage(spot.room, image);
  const { size, transform } = layInto(frame, image, fit, spot.kind === 'shape' ? spot.align : spot.room.align);
  const elementProperties = {
    pageObjectId: page,
    size: { width: inEmu(size.width), height: inEmu(size.height) },
    transform: writeTransform(transform),
  };
  // Both are always said: what is left out would keep a value.
  const { title = '', description = '' } = altText === 'keep' ? (shape ?? {}) : altText;
  const requests: SlidesRequest[] = [
    { createImage: { objectId, url: image.url, elementProperties } },
    { updatePageElementAltText: { objectId, title, description } },
  ];
  const over = layers.add(objectId, shape?.objectId);
  if (over.length > 0)
    requests.push({ updatePageElementsZOrder: { pageElementObjectIds: over, operation: 'BRING_TO_FRONT' } });
  const object: PlacedObject = { objectId, page, action: 'created' };
  if (!shape) return { object, requests, last: [] };
  const { objectId: insteadOf } = shape;
  return { object: { ...object, insteadOf }, requests, last: [{ deleteObject: { objectId: insteadOf } }] };
}

/** Throws `place_impossible`. */
function frameOnPage(room: Room, { width, height }: Extent): Frame {
  const { x, y, ...box } = boxIn(room, width / height);
  return { ...box, transform: { ...IDENTITY, e: x, f: y } };
}

function inEmu(magnitude: number): Required<Dimension> {
  return { magnitude, unit: 'EMU' };
}
