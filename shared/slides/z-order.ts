/** What lies over what on a slide while a batch is applied to it. Slides puts a new element on top, and can bring others to the front of it; nothing can be put into a group. */
import type { DeckSlide } from './deck.ts';

/** Those of the deck are `within` -1; images instead of a shape lie right over what was there, `within` being the shape's position among all elements of the slide. */
interface Layer {
  objectId: string;
  depth: number;
  within: number;
}

export interface Layers {
  /**
   * Takes a new element as put on top, or for a shape right over it (over its group, where it is in one; several of a group in the order of their shapes).
   * Answers what is to be brought to the front for that, all at once: Slides keeps the order among them.
   */
  add(objectId: string, insteadOf?: string): string[];
}

export function createLayers({ elements, order }: DeckSlide): Layers {
  const layers: Layer[] = order.map((objectId, depth) => ({ objectId, depth, within: -1 }));

  return {
    add(objectId, insteadOf) {
      const within = elements.findIndex(({ element }) => element.objectId === insteadOf);
      const ancestor = elements[within]?.ancestor;
      const depth = ancestor === undefined ? Number.POSITIVE_INFINITY : order.indexOf(ancestor);
      const over = layers.filter((layer) => layer.depth > depth || (layer.depth === depth && layer.within > within));
      layers.push({ objectId, depth, within });
      return over.map((layer) => layer.objectId);
    },
  };
}
