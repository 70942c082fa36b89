/** For tests: decks to plan in, and a model of what Slides makes of a batch. */
import assert from 'node:assert/strict';
import type { AffineTransform, Page, PageElement, Presentation, SlidesRequest } from '../google/slides.ts';
import type { Alignment, Fit, ImageAsked, Placement, Target } from './asked.ts';
import { findAims } from './find-aims.ts';
import { compose, type Extent, IDENTITY, readTransform, toEmu, writeTransform } from './geometry.ts';
import { makePlan } from './make-plan.ts';
import type { Aim, Planned } from './plan.ts';

export const PT = 12_700;
/** 720 x 405 pt, the usual one. */
export const PAGE: Extent = { width: 9_144_000, height: 5_143_500 };
const NOTHING = { emu: 0 };

export function placement(over: Partial<Placement> = {}): Placement {
  return { align: 'center', margin: { top: NOTHING, right: NOTHING, bottom: NOTHING, left: NOTHING }, ...over };
}

export function asked(
  target: Target,
  fit: Fit = 'contain',
  altText: ImageAsked['altText'] = { title: '', description: 'A cat' },
): ImageAsked {
  return { source: { type: 'drive', id: 'file' }, target, fit, altText };
}

export function onPage(page: string | number, over: Partial<Placement> = {}): Target {
  return { type: 'page', page, place: placement(over) };
}

export function tagged(tag: string, align: Alignment = 'center'): Target {
  return { type: 'tag', tag, align };
}

/** Every element is 3,000,000 EMU square before its transform, as Slides makes them. */
export function sized(objectId: string, transform?: AffineTransform, rest: Partial<PageElement> = {}): PageElement {
  const side = { magnitude: 3_000_000, unit: 'EMU' } as const;
  return { objectId, size: { width: side, height: side }, ...(transform && { transform }), ...rest };
}

/** Its text is cut into runs of one character. */
export function shape(objectId: string, text: string, transform?: AffineTransform): PageElement {
  const textElements = [{ paragraphMarker: {} }, ...[...text].map((content) => ({ textRun: { content } }))];
  return sized(objectId, transform, { shape: { shapeType: 'TEXT_BOX', text: { textElements } } });
}

export function image(objectId: string, transform?: AffineTransform, rest: Partial<PageElement> = {}): PageElement {
  return sized(objectId, transform, { image: {}, ...rest });
}

export function group(objectId: string, children: PageElement[], transform?: AffineTransform): PageElement {
  return sized(objectId, transform, { elementGroup: { children } });
}

export function deckOf(...pages: PageElement[][]): Presentation {
  return {
    presentationId: 'deck',
    pageSize: { width: { magnitude: PAGE.width, unit: 'EMU' }, height: { magnitude: PAGE.height, unit: 'EMU' } },
    slides: pages.map((pageElements, index) => ({ objectId: `slide-${index + 1}`, pageElements })),
  };
}

/** Plans those that have an aim; each rendition has the pixels that its shaping would give. */
export function planFor(
  deck: Presentation,
  images: readonly ImageAsked[],
  pixels: readonly Extent[],
  job = 'job',
): Planned {
  const aims = [...findAims(deck, images).values()].filter((aim): aim is Aim => 'spots' in aim);
  const ready = aims.map((aim) => ({
    aim,
    asked: images[aim.index] as ImageAsked,
    images: aim.renditions.map(({ shaping }) => {
      const { width, height } = pixels[aim.index] as Extent;
      return addressOf(shaping.type === 'none' ? { width, height } : { width: 10_000 * shaping.ratio, height: 10_000 });
    }),
  }));
  return makePlan(deck, job, ready);
}

/** Where the model of Slides finds an image of these pixels. */
export function addressOf({ width, height }: Extent): Extent & { url: string } {
  return { width, height, url: `https://images.example/${width}x${height}` };
}

/** As Slides would apply it, one request after the other; throws where Slides would refuse. */
export function applied(deck: Presentation, requests: readonly SlidesRequest[]): Presentation {
  const after = structuredClone(deck);
  for (const request of requests) {
    assert.equal(Object.keys(request).length, 1);
    apply(after.slides ?? [], request);
  }
  return after;
}

export function allElements(elements: readonly PageElement[] = []): PageElement[] {
  return elements.flatMap((element) => [element, ...allElements(element.elementGroup?.children)]);
}

function apply(
  slides: Page[],
  { createImage, replaceImage, updatePageElementAltText, updatePageElementsZOrder, deleteObject }: SlidesRequest,
): void {
  const find = (objectId: string): PageElement => {
    const found = slides.flatMap((slide) => allElements(slide.pageElements)).find((one) => one.objectId === objectId);
    assert.ok(found, `there is no ${objectId}`);
    return found;
  };
  if (createImage) {
    const page = slides.find((slide) => slide.objectId === createImage.elementProperties.pageObjectId);
    assert.ok(page);
    assert.ok(
      !slides.some((slide) => allElements(slide.pageElements).some((one) => one.objectId === createImage.objectId)),
    );
    page.pageElements = [...(page.pageElements ?? []), created(createImage)];
  } else if (replaceImage) {
    const { image } = find(replaceImage.imageObjectId);
    assert.ok(image);
    image.sourceUrl = replaceImage.url;
  } else if (updatePageElementAltText) {
    const { objectId, ...texts } = updatePageElementAltText;
    Object.assign(find(objectId), texts);
  } else if (updatePageElementsZOrder) {
    const named = updatePageElementsZOrder.pageElementObjectIds;
    const page = slides.find((slide) => slide.pageElements?.some((one) => one.objectId === named[0]));
    const elements = page?.pageElements ?? [];
    for (const objectId of named)
      assert.ok(
        elements.some((one) => one.objectId === objectId),
        `${objectId} is not on top level`,
      );
    const isNamed = (one: PageElement) => named.includes(one.objectId);
    if (page) page.pageElements = [...elements.filter((one) => !isNamed(one)), ...elements.filter(isNamed)];
  } else if (deleteObject) {
    find(deleteObject.objectId);
    for (const slide of slides) slide.pageElements = without(slide.pageElements ?? [], deleteObject.objectId);
  } else assert.fail('a request that the planner has no use for');
}

/** A group that is left with one element or none goes too. */
function without(elements: PageElement[], objectId: string): PageElement[] {
  return elements.flatMap((element) => {
    if (element.objectId === objectId) return [];
    if (!element.elementGroup) return [element];
    const children = without(element.elementGroup.children ?? [], objectId);
    return children.length > 1 ? [{ ...element, elementGroup: { children } }] : children;
  });
}

/** An image of another ratio than the size is centred in it, and only then transformed. */
function created({
  objectId,
  url,
  elementProperties: { size, transform },
}: NonNullable<SlidesRequest['createImage']>): PageElement {
  const [width = 1, height = 1] = (/\d.*$/.exec(url)?.[0] ?? '').split('x').map(Number);
  const box = { width: toEmu(size.width), height: toEmu(size.height) };
  const scale = Math.min(box.width / width, box.height / height);
  const shown = { width: width * scale, height: height * scale };
  const centred = { ...IDENTITY, e: (box.width - shown.width) / 2, f: (box.height - shown.height) / 2 };
  return {
    objectId,
    size: { width: { magnitude: shown.width }, height: { magnitude: shown.height } },
    transform: writeTransform(compose(readTransform(transform), centred)),
    image: { sourceUrl: url },
  };
}
