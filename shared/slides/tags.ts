/** Tags: `{{name}}` as the text of a shape. Slides cuts a text into runs at every change of style, so a tag may be in several pieces. */
import type { Shape } from '../google/slides.ts';
import { ImageFault } from '../images/fault.ts';
import { type Deck, type DeckElement, elementsOf } from './deck.ts';

/** The shapes whose whole text is the tag; space around the tag and within its braces does not count, case does. Throws `tag_not_found` where there is none. */
export type FindTagged = (tag: string) => DeckElement[];

/** Reads the texts of the deck once, for any number of tags. */
export function createTagFinder(deck: Deck): FindTagged {
  const texts = elementsOf(deck)
    .map((one) => ({ one, text: textOf(one.element.shape) }))
    .filter(({ text }) => text.includes('{{'));

  return (tag) => {
    const written = `\\{\\{\\s*${RegExp.escape(tag.trim())}\\s*\\}\\}`;
    const whole = new RegExp(`^\\s*${written}\\s*$`, 'u');
    const tagged = texts.filter(({ text }) => whole.test(text)).map(({ one }) => one);
    if (tagged.length > 0) return tagged;
    const amid = texts.find(({ text }) => new RegExp(written, 'u').test(text));
    if (!amid) throw new ImageFault('tag_not_found', `No shape on a slide has the text {{${tag}}}.`);
    const slide = deck.slides.findIndex(({ objectId }) => objectId === amid.one.page) + 1;
    throw new ImageFault(
      'tag_not_found',
      `On slide ${slide} {{${tag}}} stands amid other text; it must be the whole text of a shape.`,
    );
  };
}

function textOf(shape: Shape | undefined): string {
  const parts = shape?.text?.textElements ?? [];
  return parts.map(({ textRun, autoText }) => textRun?.content ?? autoText?.content ?? '').join('');
}
