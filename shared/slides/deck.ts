/** A presentation as what the planner looks at: the elements of its slides one by one, each with where it really is, and what lies over what. */
import type { PageElement, Presentation } from '../google/slides.ts';
import {
  compose,
  type Extent,
  type Frame,
  IDENTITY,
  readTransform,
  type Transform,
  toEmu,
  writeTransform,
} from './geometry.ts';

export interface Deck {
  /** Of every page, EMU. */
  page: Extent;
  slides: DeckSlide[];
}

export interface DeckSlide {
  objectId: string;
  /** Every group is followed by its children; lowest first. */
  elements: DeckElement[];
  /** The elements that are in no group, and alone have a place in the z-order that can be changed; lowest first. */
  order: string[];
}

export interface DeckElement {
  /** As it was read, but with its absolute transform. */
  element: PageElement;
  /** Its slide's object id. */
  page: string;
  frame: Frame;
  /** Itself or the outermost group that it is in. */
  ancestor: string;
}

export function readDeck({ pageSize, slides = [] }: Presentation): Deck {
  return {
    page: { width: toEmu(pageSize?.width), height: toEmu(pageSize?.height) },
    slides: slides.map(({ objectId, pageElements = [] }) => ({
      objectId,
      elements: pageElements.flatMap((element) => flatten(element, IDENTITY, objectId, element.objectId)),
      order: pageElements.map((element) => element.objectId),
    })),
  };
}

/** `page`: an object id, or a number from 1. */
export function findSlide(deck: Deck, page: string | number): DeckSlide | undefined {
  return typeof page === 'number' ? deck.slides[page - 1] : deck.slides.find(({ objectId }) => objectId === page);
}

/** All images on slides, also within groups. */
export function findDeckImages(presentation: Presentation): DeckElement[] {
  return elementsOf(readDeck(presentation)).filter(({ element }) => element.image);
}

export function elementsOf(deck: Deck): DeckElement[] {
  return deck.slides.flatMap((slide) => slide.elements);
}

/** What lies over an element of the slide, lowest first: object ids of what is in no group. Over an element of a group is what lies over the group. */
export function above({ elements, order }: DeckSlide, objectId: string): string[] {
  const ancestor = elements.find(({ element }) => element.objectId === objectId)?.ancestor;
  return ancestor === undefined ? [] : order.slice(order.indexOf(ancestor) + 1);
}

function flatten(element: PageElement, outer: Transform, page: string, ancestor: string): DeckElement[] {
  const transform = compose(outer, readTransform(element.transform));
  const frame = { width: toEmu(element.size?.width), height: toEmu(element.size?.height), transform };
  const placed = { ...element, transform: writeTransform(transform) };
  const children = element.elementGroup?.children ?? [];
  return [
    { element: placed, page, frame, ancestor },
    ...children.flatMap((child) => flatten(child, transform, page, ancestor)),
  ];
}
