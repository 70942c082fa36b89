/** A deck to try things on. */
import { png } from '#shared/testing/google/pictures.ts';
import type { GivenDeck } from '#shared/testing/google/slides-deck.ts';
import { image, shape } from '#shared/testing/google/slides-elements.ts';

export const DEMO_DECK = 'demo-deck';

const CM = 360_000;

/** Two slides: on the first a shape that says `{{logo}}`, on the second an image titled `photo`. */
export function demoDeck(): GivenDeck {
  const box = { x: 2 * CM, y: 2 * CM, width: 6 * CM, height: 4 * CM };
  return {
    id: DEMO_DECK,
    title: 'Demo',
    slides: [
      { objectId: 'first', elements: [shape({ objectId: 'logo_here', ...box, text: '{{logo}}' })] },
      { objectId: 'second', elements: [image({ objectId: 'photo_1', ...box, title: 'photo', bytes: png(300, 200) })] },
    ],
  };
}
