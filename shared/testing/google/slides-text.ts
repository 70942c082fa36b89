/** Text of a shape as Slides keeps it: characters (UTF-16 code units) with their styles, paragraphs that each end in a line feed. */
import type { Shape, TextElement } from '../../google/slides.ts';
import { Refused } from './answers.ts';

interface TextRange {
  type?: string | null;
  startIndex?: number | null;
  endIndex?: number | null;
}

type Style = Record<string, unknown>;

interface Text {
  characters: { unit: string; style: Style }[];
  /** One for each line feed. */
  paragraphs: Style[];
}

/** A shape without text has one empty paragraph all the same. */
export function insertText(shape: Shape, text: string, at: number): void {
  const { characters, paragraphs } = opened(shape);
  if (at < 0 || at >= characters.length)
    throw new Refused(
      400,
      `The insertion index (${at}) should not be greater than the existing text length (${characters.length - 1}).`,
    );
  const style = characters[at === 0 ? 0 : at - 1]?.style ?? {};
  const before = characters.slice(0, at).filter(({ unit }) => unit === '\n').length;
  const paragraph = paragraphs[before] ?? {};
  const units = text.split('').map((unit) => ({ unit, style: structuredClone(style) }));
  const added = units.filter(({ unit }) => unit === '\n').map(() => structuredClone(paragraph));
  characters.splice(at, 0, ...units);
  paragraphs.splice(before, 0, ...added);
  close(shape, { characters, paragraphs });
}

/** Changes the style of each character in the range. */
export function styleText(shape: Shape, range: TextRange | null | undefined, change: (style: Style) => Style): void {
  const text = opened(shape);
  const [from, to] = bounds(range, text.characters.length);
  text.characters = text.characters.map((character, index) =>
    index >= from && index < to ? { ...character, style: change(character.style) } : character,
  );
  close(shape, text);
}

/** Changes the style of each paragraph that the range touches. */
export function styleParagraphs(
  shape: Shape,
  range: TextRange | null | undefined,
  change: (style: Style) => Style,
): void {
  const text = opened(shape);
  const [from, to] = bounds(range, text.characters.length);
  let start = 0;
  let number = 0;
  for (const [index, { unit }] of text.characters.entries()) {
    if (unit !== '\n') continue;
    if (start < to && index >= from) text.paragraphs[number] = change(text.paragraphs[number] ?? {});
    start = index + 1;
    number++;
  }
  close(shape, text);
}

function bounds(range: TextRange | null | undefined, length: number): [from: number, to: number] {
  const { type, startIndex, endIndex } = range ?? {};
  const from = startIndex ?? 0;
  if (!type) throw new Refused(400, 'The text range type must be specified.');
  if (type === 'ALL') return [0, length];
  if (type === 'FROM_START_INDEX') return [from, length];
  const to = endIndex ?? 0;
  if (from < 0 || from >= to)
    throw new Refused(400, `The start index (${from}) must be less than the end index (${to}).`);
  if (to > length)
    throw new Refused(400, `The end index (${to}) should not be greater than the existing text length (${length}).`);
  return [from, to];
}

function opened({ text }: Shape): Text {
  const characters: Text['characters'] = [];
  const paragraphs: Style[] = [];
  for (const { textRun, paragraphMarker } of text?.textElements ?? []) {
    if (paragraphMarker) paragraphs.push({ ...paragraphMarker.style });
    for (const unit of (textRun?.content ?? '').split('')) characters.push({ unit, style: { ...textRun?.style } });
  }
  return characters.length > 0
    ? { characters, paragraphs }
    : { characters: [{ unit: '\n', style: {} }], paragraphs: [{}] };
}

/** Writes it back as few runs as there are styles, each paragraph after its marker. */
function close(shape: Shape, { characters, paragraphs }: Text): void {
  const textElements: TextElement[] = [];
  let number = 0;
  let start = 0;
  const range = (from: number, to: number) => ({ ...(from > 0 && { startIndex: from }), endIndex: to });
  for (const [index, { unit }] of characters.entries()) {
    if (unit !== '\n') continue;
    textElements.push({ ...range(start, index + 1), paragraphMarker: { style: paragraphs[number++] ?? {} } });
    for (let from = start; from <= index; ) {
      const style = characters[from]?.style ?? {};
      let to = from + 1;
      while (to <= index && JSON.stringify(characters[to]?.style) === JSON.stringify(style)) to++;
      const content = characters.slice(from, to).map((character) => character.unit);
      textElements.push({ ...range(from, to), textRun: { content: content.join(''), style } });
      from = to;
    }
    start = index + 1;
  }
  shape.text = { textElements };
}
