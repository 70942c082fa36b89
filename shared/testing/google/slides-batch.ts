/**
 * The requests of a batch, done one after the other to a copy of the deck. What each demands and does is told by the reference
 * (https://developers.google.com/slides/api/reference/rest/v1/presentations/request); refusals have Google's words where they were seen.
 */
import type { AffineTransform, PageElement, Size, SlidesRequest } from '../../google/slides.ts';
import { Refused } from './answers.ts';
import type { Schema } from './schema.ts';
import { allIds, type Deck, type DeckPage, type Picture, requireSpot, type Spot, spotsOf } from './slides-deck.ts';
import {
  askedSize,
  askedTransform,
  asSize,
  asTransform,
  boxOf,
  composed,
  inPlaceOf,
  inSize,
  ofElement,
} from './slides-geometry.ts';
import { changed, type Style } from './slides-styles.ts';
import { insertText, styleParagraphs, styleText } from './slides-text.ts';

/** As it may come in: everything may be absent or null. */
type Loose<T> = { [Key in keyof T]?: (T[Key] extends object ? Loose<T[Key]> : T[Key]) | null };
type Kind = keyof SlidesRequest;
type Doing<K extends Kind> = (
  deck: Deck,
  asked: Loose<NonNullable<SlidesRequest[K]>>,
  picture: Picture,
  schema: Schema,
) => object | undefined;

const ID = /^[a-zA-Z0-9_][a-zA-Z0-9_:-]{4,49}$/;
/** A shape is this wide and high; its scale says the rest. */
const SHAPE_EMU = 3_000_000;

const DOING: { [K in Kind]-?: Doing<K> } = {
  createImage(deck, { objectId, url, elementProperties }, picture) {
    const page = pageOf(deck, elementProperties?.pageObjectId);
    const { size, transform } = inSize(
      picture,
      askedSize(elementProperties?.size as Size),
      askedTransform(elementProperties?.transform as AffineTransform),
    );
    const id = newId(deck, objectId);
    page.pageElements.push({
      objectId: id,
      size: asSize(size),
      transform: asTransform(transform),
      image: { sourceUrl: url ?? '', imageProperties: { outline: { propertyState: 'NOT_RENDERED' } } },
    });
    deck.pictures.set(id, picture);
    return { createImage: { objectId: id } };
  },

  replaceImage(deck, { imageObjectId, url, imageReplaceMethod }, picture) {
    const { element } = requireSpot(deck, imageObjectId);
    if (!element.image) throw new Refused(400, `The object (${imageObjectId}) is not an image.`);
    const old = { size: boxOf(element), transform: ofElement(element) };
    const put = inPlaceOf(picture, old, imageReplaceMethod ?? 'CENTER_INSIDE');
    const { outline, link } = element.image.imageProperties ?? {};
    element.size = asSize(put.size);
    element.transform = asTransform(put.transform);
    const crop = 'crop' in put ? { cropProperties: put.crop } : {};
    element.image = {
      sourceUrl: url ?? '',
      imageProperties: { ...(outline !== undefined && { outline }), ...(link !== undefined && { link }), ...crop },
    };
    deck.pictures.set(element.objectId, picture);
  },

  updatePageElementAltText(deck, { objectId, title, description }) {
    const { element } = requireSpot(deck, objectId);
    if (element.elementGroup)
      throw new Refused(400, `The object (${objectId}) is a group, whose alt text cannot be updated.`);
    if (typeof title === 'string') element.title = title;
    if (typeof description === 'string') element.description = description;
  },

  updatePageElementsZOrder(deck, { pageElementObjectIds, operation }) {
    const ids = (pageElementObjectIds ?? []) as string[];
    if (ids.length === 0) throw new Refused(400, 'At least one page element must be specified.');
    if (!operation) throw new Refused(400, 'The operation must be specified.');
    if (new Set(ids).size < ids.length) throw new Refused(400, 'The page element object IDs should be unique.');
    const spots = ids.map((id) => requireSpot(deck, id));
    if (new Set(spots.map(({ page }) => page)).size > 1)
      throw new Refused(400, 'All page elements must be on the same page.');
    const grouped = spots.find(({ groups }) => groups.length > 0);
    if (grouped) throw new Refused(400, `The page element (${grouped.element.objectId}) should not be in a group.`);
    const { siblings } = spots[0] as Spot;
    reorder(siblings, new Set(spots.map(({ element }) => element)), operation);
  },

  deleteObject(deck, { objectId }) {
    const at = deck.pages.findIndex((page) => page.objectId === objectId);
    const spots = at < 0 ? [requireSpot(deck, objectId)] : [];
    const gone = at < 0 ? spots : [...spotsOf(deck)].filter(({ page }) => page === deck.pages[at]);
    const dying = gone.flatMap(({ element }) => (at < 0 ? withChildren(element) : element));
    for (const element of dying) deck.pictures.delete(element.objectId);
    if (at >= 0) deck.pages.splice(at, 1);
    for (const spot of spots) remove(spot);
  },

  createShape(deck, { objectId, shapeType, elementProperties }) {
    const page = pageOf(deck, elementProperties?.pageObjectId);
    if (!shapeType || shapeType === 'CUSTOM') throw new Refused(400, 'The shape type must be one that can be created.');
    const size = askedSize(elementProperties?.size as Size) ?? { width: SHAPE_EMU, height: SHAPE_EMU };
    const transform = askedTransform(elementProperties?.transform as AffineTransform);
    const id = newId(deck, objectId);
    page.pageElements.push({
      objectId: id,
      size: asSize({ width: SHAPE_EMU, height: SHAPE_EMU }),
      transform: asTransform(composed(transform, [size.width / SHAPE_EMU, 0, 0, size.height / SHAPE_EMU, 0, 0])),
      shape: { shapeType, shapeProperties: { outline: { propertyState: 'INHERIT' } } },
    });
    return { createShape: { objectId: id } };
  },

  insertText(deck, { objectId, text, insertionIndex }) {
    if (!text) throw new Refused(400, 'The text must not be empty.');
    insertText(shapeOf(deck, objectId), text, insertionIndex ?? 0);
  },

  updateShapeProperties(deck, { objectId, shapeProperties, fields }, _picture, schema) {
    const shape = shapeOf(deck, objectId);
    const given = (shapeProperties ?? {}) as Style;
    shape.shapeProperties = changed(shape.shapeProperties ?? {}, given, fields, 'ShapeProperties', schema);
  },

  updateTextStyle(deck, { objectId, style, textRange, fields }, _picture, schema) {
    const change = (old: Style) => changed(old, (style ?? {}) as Style, fields, 'TextStyle', schema);
    change({});
    styleText(shapeOf(deck, objectId), textRange, change);
  },

  updateParagraphStyle(deck, { objectId, style, textRange, fields }, _picture, schema) {
    const change = (old: Style) => changed(old, (style ?? {}) as Style, fields, 'ParagraphStyle', schema);
    change({});
    styleParagraphs(shapeOf(deck, objectId), textRange, change);
  },
};

export type LooseRequest = Record<string, Record<string, unknown> | null>;

/** The kind of a request. Throws Refused where there is none or are two; `ours` is false for what the fake cannot do. */
export function kindOf(request: LooseRequest | null, index: number): { kind: string; ours: boolean } {
  const [kind, second] = Object.keys(request ?? {}).filter((name) => request?.[name] !== null);
  if (kind === undefined) throw new Refused(400, `Invalid requests[${index}]: No request set.`);
  if (second !== undefined)
    throw new Refused(
      400,
      `Invalid value at 'requests[${index}]' (oneof), oneof field 'kind' is already set. Cannot set '${second}'`,
    );
  return { kind, ours: Object.hasOwn(DOING, kind) };
}

/** Changes the deck, and answers the reply. Throws Refused without the request's number. */
export function doRequest(
  deck: Deck,
  request: LooseRequest,
  kind: string,
  picture: Picture | undefined,
  schema: Schema,
): object {
  const doing = DOING[kind as Kind] as Doing<Kind>;
  return doing(deck, request[kind] as never, picture as Picture, schema) ?? {};
}

function newId(deck: Deck, asked: string | null | undefined): string {
  const ids = new Set(allIds(deck));
  if (!asked) {
    let number = ids.size;
    while (ids.has(`SLIDES_API_${number}`)) number++;
    return `SLIDES_API_${number}`;
  }
  if (!ID.test(asked))
    throw new Refused(
      400,
      `The object ID (${asked}) is not valid: 5 to 50 characters, the first of [a-zA-Z0-9_], the others also - or :.`,
    );
  if (ids.has(asked))
    throw new Refused(
      400,
      `The object ID (${asked}) should be unique among all pages and page elements in the presentation.`,
    );
  return asked;
}

function pageOf(deck: Deck, id: string | null | undefined): DeckPage {
  const page = deck.pages.find(({ objectId }) => objectId === id);
  if (!page) throw new Refused(400, `The page (${id ?? ''}) could not be found.`);
  return page;
}

function shapeOf(deck: Deck, id: string | null | undefined) {
  const { shape } = requireSpot(deck, id).element;
  if (!shape) throw new Refused(400, `The object (${id}) does not allow text editing: it is no shape.`);
  return shape;
}

function withChildren(element: PageElement): PageElement[] {
  return [element, ...(element.elementGroup?.children ?? []).flatMap(withChildren)];
}

/** A group that is left with one child or none dissolves; the child takes its place, where it was seen. */
function remove({ page, element, siblings, groups, onNotes }: Spot): void {
  siblings.splice(siblings.indexOf(element), 1);
  const group = groups.at(-1);
  const [child, another] = group?.elementGroup?.children ?? [];
  if (!group || another) return;
  const above = groups.slice(0, -1);
  const around = above.at(-1)?.elementGroup?.children ?? page.pageElements;
  if (!child) {
    remove({ page, element: group, siblings: around, groups: above, onNotes });
    return;
  }
  child.transform = asTransform(composed(ofElement(group), ofElement(child)));
  around.splice(around.indexOf(group), 1, child);
}

function reorder(siblings: PageElement[], moved: ReadonlySet<PageElement>, operation: string): void {
  const picked = siblings.filter((element) => moved.has(element));
  const others = siblings.filter((element) => !moved.has(element));
  const indexes = picked.map((element) => siblings.indexOf(element));
  const below = others.filter((element) => siblings.indexOf(element) < Math.max(...indexes)).length;
  const above = others.filter((element) => siblings.indexOf(element) < Math.min(...indexes)).length;
  const at =
    operation === 'BRING_TO_FRONT'
      ? others.length
      : operation === 'SEND_TO_BACK'
        ? 0
        : operation === 'BRING_FORWARD'
          ? Math.min(others.length, below + 1)
          : Math.max(0, above - 1);
  siblings.splice(0, siblings.length, ...others.slice(0, at), ...picked, ...others.slice(at));
}
