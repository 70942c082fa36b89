/** A presentation as the fake keeps it, how tests make one, and how it is told to whoever reads it. */
import type { AffineTransform, PageElement, Presentation, Size, TextElement } from '../../google/slides.ts';
import { Refused } from './answers.ts';
import { type ImageHeader, readImageHeader } from './image-header.ts';
import { type Affine, composed, ofElement } from './slides-geometry.ts';

export interface Picture extends ImageHeader {
  bytes: Uint8Array;
}

export interface DeckPage {
  objectId: string;
  pageElements: PageElement[];
  notesPage: { objectId: string; pageElements: PageElement[]; speakerNotesObjectId: string };
}

export interface Deck {
  presentationId: string;
  title: string;
  pageSize: Size;
  pages: DeckPage[];
  /** By the image's object id. */
  pictures: Map<string, Picture>;
  revision: number;
  sharedWith: ReadonlyMap<string, 'writer' | 'reader'>;
}

/** An element as slides-elements.ts makes it, or as the API has it; `bytes` are an image's. */
export type GivenElement = PageElement & { bytes?: Uint8Array };

export interface GivenDeck {
  id?: string;
  title?: string;
  /** EMU; 9,144,000 by 5,143,500 where absent, the usual 16:9. */
  pageSize?: { width: number; height: number };
  /** One empty slide where absent; `slide_1` and so on where they have no id. `notes` are the speaker's. */
  slides?: readonly {
    objectId?: string;
    elements?: readonly GivenElement[];
    notes?: string | readonly GivenElement[];
  }[];
  /** Accounts that may write, or only read; the service's own may write where nothing is said. */
  sharedWith?: readonly (string | { account: string; role: 'writer' | 'reader' })[];
}

/** Where an element is found: its list in z-order, and the groups around it, the outermost first. */
export interface Spot {
  page: DeckPage;
  element: PageElement;
  siblings: PageElement[];
  groups: PageElement[];
  onNotes: boolean;
}

const LAYOUT = 'g_layout_title';
const MASTER = 'g_master_simple';

export function makeDeck(given: GivenDeck, id: string, account: string): Deck {
  const {
    title = 'A deck',
    pageSize = { width: 9_144_000, height: 5_143_500 },
    slides = [{}],
    sharedWith = [account],
  } = given;
  const pictures = new Map<string, Picture>();
  const pages = slides.map((slide, index): DeckPage => {
    const { objectId = `slide_${index + 1}`, elements = [], notes = '' } = slide;
    const speakerNotesObjectId = `${objectId}_notes_text`;
    const textElements = plainText(typeof notes === 'string' ? notes : '');
    const text = {
      objectId: speakerNotesObjectId,
      shape: { shapeType: 'TEXT_BOX', ...(notes && { text: { textElements } }) },
    };
    return {
      objectId,
      pageElements: elements.map((element) => taken(element, pictures)),
      notesPage: {
        objectId: `${objectId}_notes`,
        speakerNotesObjectId,
        pageElements: typeof notes === 'string' ? [text] : notes.map((element) => taken(element, pictures)),
      },
    };
  });
  const deck: Deck = {
    presentationId: id,
    title,
    pageSize: {
      width: { magnitude: pageSize.width, unit: 'EMU' },
      height: { magnitude: pageSize.height, unit: 'EMU' },
    },
    pages,
    pictures,
    revision: 1,
    sharedWith: new Map(sharedWith.map((who) => (typeof who === 'string' ? [who, 'writer'] : [who.account, who.role]))),
  };
  const ids = [...allIds(deck)];
  const twice = ids.find((name, index) => ids.indexOf(name) < index);
  if (twice !== undefined) throw new Error(`${twice} is twice in the deck`);
  return deck;
}

/** One run, in paragraphs as they are. */
export function plainText(text: string): TextElement[] {
  const whole = text.endsWith('\n') ? text : `${text}\n`;
  let at = 0;
  return whole.split(/(?<=\n)/).flatMap((line) => {
    const [startIndex, endIndex] = [at, at + line.length];
    at = endIndex;
    const range = { ...(startIndex > 0 && { startIndex }), endIndex };
    return [
      { ...range, paragraphMarker: { style: {} } },
      { ...range, textRun: { content: line, style: {} } },
    ];
  });
}

function taken({ bytes, ...element }: GivenElement, pictures: Map<string, Picture>): PageElement {
  const copy = structuredClone(element);
  if (copy.image) {
    const header = bytes && readImageHeader(bytes);
    if (!header) throw new Error(`the image ${copy.objectId} has no bytes of a PNG, JPEG or GIF`);
    pictures.set(copy.objectId, { ...header, bytes });
  }
  if (element.elementGroup) {
    copy.elementGroup = { children: (element.elementGroup.children ?? []).map((child) => taken(child, pictures)) };
  }
  return copy;
}

/** A copy that can be changed without the deck being changed. Bytes are shared. */
export function copyOf(deck: Deck): Deck {
  return { ...deck, pages: structuredClone(deck.pages), pictures: new Map(deck.pictures) };
}

/** Every element with its place, groups before their children. */
export function* spotsOf(deck: Deck): Generator<Spot> {
  for (const page of deck.pages) {
    yield* below(page, page.pageElements, [], false);
    yield* below(page, page.notesPage.pageElements, [], true);
  }
}

function* below(page: DeckPage, siblings: PageElement[], groups: PageElement[], onNotes: boolean): Generator<Spot> {
  for (const element of siblings) {
    yield { page, element, siblings, groups, onNotes };
    yield* below(page, element.elementGroup?.children ?? [], [...groups, element], onNotes);
  }
}

export function spotOf(deck: Deck, objectId: string): Spot | undefined {
  for (const spot of spotsOf(deck)) if (spot.element.objectId === objectId) return spot;
  return undefined;
}

export function requireSpot(deck: Deck, objectId: string | null | undefined): Spot {
  const spot = spotOf(deck, objectId ?? '');
  if (!spot) throw new Refused(400, `The object (${objectId ?? ''}) could not be found.`);
  // Google lets the speaker's notes be edited; for Hawker they are out of bounds.
  if (spot.onNotes) throw new Refused(400, `The operation is not allowed on notes page element (${objectId}).`);
  return spot;
}

/** Pages and elements share their ids. */
export function* allIds(deck: Deck): Generator<string> {
  yield LAYOUT;
  yield MASTER;
  for (const page of deck.pages) {
    yield page.objectId;
    yield page.notesPage.objectId;
    // The shape for notes has its id also while there is none.
    const named = page.notesPage.pageElements.some(({ objectId }) => objectId === page.notesPage.speakerNotesObjectId);
    if (!named) yield page.notesPage.speakerNotesObjectId;
  }
  for (const { element } of spotsOf(deck)) yield element.objectId;
}

/** From the element's own coordinates to the page's. */
export function onPage({ element, groups }: Spot): Affine {
  return [...groups, element].map(ofElement).reduce(composed);
}

/** As `presentations.get` answers: without zeros, empty lists and empty text; `contentUrl` gives each image an address. */
export function presentationOf(
  deck: Deck,
  role: 'writer' | 'reader',
  contentUrl: (picture: Picture) => string,
): Presentation {
  const told = (element: PageElement): PageElement => {
    const { image, elementGroup, title, description, transform, ...rest } = element;
    const picture = deck.pictures.get(element.objectId);
    return {
      ...rest,
      ...(transform && { transform: withoutZeros(transform) }),
      ...(title && { title }),
      ...(description && { description }),
      ...(image && { image: { ...(picture && { contentUrl: contentUrl(picture) }), ...image } }),
      ...(elementGroup && { elementGroup: { children: (elementGroup.children ?? []).map(told) } }),
    };
  };
  const list = (elements: PageElement[]) => (elements.length > 0 ? { pageElements: elements.map(told) } : {});
  const revisionId = revisionOf(deck);
  const slides = deck.pages.map(({ objectId, pageElements, notesPage }) => ({
    objectId,
    ...list(pageElements),
    slideProperties: {
      layoutObjectId: LAYOUT,
      masterObjectId: MASTER,
      notesPage: {
        objectId: notesPage.objectId,
        pageType: 'NOTES',
        ...list(notesPage.pageElements),
        notesProperties: { speakerNotesObjectId: notesPage.speakerNotesObjectId },
      },
    },
    pageProperties: { pageBackgroundFill: { propertyState: 'INHERIT' } },
  }));
  const whole = {
    presentationId: deck.presentationId,
    pageSize: deck.pageSize,
    ...(slides.length > 0 && { slides }),
    title: deck.title,
    masters: [{ objectId: MASTER, pageType: 'MASTER', masterProperties: { displayName: 'Simple' } }],
    layouts: [{ objectId: LAYOUT, pageType: 'LAYOUT', layoutProperties: { masterObjectId: MASTER, name: 'TITLE' } }],
    locale: 'en',
    ...(role === 'writer' && { revisionId }),
  };
  return structuredClone(whole);
}

export function revisionOf({ presentationId, revision }: Deck): string {
  return Buffer.from(`${presentationId}/${revision}`).toString('base64url');
}

function withoutZeros(transform: AffineTransform): AffineTransform {
  return Object.fromEntries(Object.entries(transform).filter(([, value]) => value !== 0));
}
