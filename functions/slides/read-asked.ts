/** From the body of a request to what is asked for: which fields go together, what their texts mean. */
import { AppError, type FieldError } from '#shared/errors.ts';
import type { AltText, ImageAsked, ImagesAsked, Length, Placement, Target } from '#shared/slides/asked.ts';
import { isNegative, isPositive, readLength } from './lengths.ts';
import { readSource } from './read-source.ts';
import type { ImageBody, ImagesBody } from './schema.ts';

type Refuse = (pointer: string, detail: string) => void;

/** `files`: the other parts of a multipart body. Throws `invalid` with every offence. */
export function readAsked(body: ImagesBody, files: ReadonlyMap<string, Uint8Array>): ImagesAsked {
  const errors: FieldError[] = [];
  const used = new Set<string>();
  const images = body.images.map((image, index) => {
    const refuse: Refuse = (pointer, detail) => errors.push({ pointer: `/images/${index}${pointer}`, detail });
    return readImage(image, (name) => files.get(used.add(name) && name), refuse);
  });
  for (const name of files.keys())
    if (!used.has(name))
      errors.push({ pointer: '/images', detail: `No image has the part ${JSON.stringify(name)} as its source` });
  const [first] = errors;
  if (first) {
    const more = errors.length > 1 ? `, and ${errors.length - 1} more` : '';
    throw new AppError('invalid', `${first.pointer}: ${first.detail}${more}`, { errors });
  }
  const { onError, mode, requiredRevisionId, keepReplaced } = body;
  return {
    // Without errors there is none that could not be read.
    images: images as ImageAsked[],
    onError,
    mode,
    keepReplaced,
    ...(requiredRevisionId !== undefined && { requiredRevisionId }),
  };
}

function readImage(
  image: ImageBody,
  fileOf: (name: string) => Uint8Array | undefined,
  refuse: Refuse,
): ImageAsked | undefined {
  const source = readSource(image.source, fileOf, refuse);
  const target = readTarget(image, refuse);
  const altText = readAltText(image, refuse);
  return source && target && altText && { source, target, fit: image.fit, altText };
}

function readTarget({ page, tag, replace, place = {} }: ImageBody, refuse: Refuse): Target | undefined {
  const named = Object.entries({ page, tag, replace }).filter(([, value]) => value !== undefined);
  if (named.length !== 1) {
    refuse(
      '',
      `must have exactly one of page, tag and replace${named.length ? `, not ${named.map(([name]) => name).join(' and ')}` : ''}`,
    );
    return undefined;
  }
  if (page !== undefined) return { type: 'page', page, place: readPlace(place, refuse) };
  for (const name of Object.keys(place))
    if (name !== 'align') refuse(`/place/${name}`, 'is for `page` alone: what is replaced has a box');
  const align = place.align ?? 'center';
  if (tag !== undefined) return { type: 'tag', tag: tag.replaceAll(/[{}]/g, '').trim(), align };
  const { objectId, altText: key } =
    typeof replace === 'string' ? { objectId: replace } : { altText: undefined, ...replace };
  if ((objectId === undefined) === (key === undefined)) {
    refuse('/replace', 'must have exactly one of objectId and altText');
    return undefined;
  }
  return objectId !== undefined ? { type: 'image', objectId, align } : { type: 'altText', key: key ?? '', align };
}

function readPlace(place: NonNullable<ImageBody['place']>, refuse: Refuse): Placement {
  /** The schema has seen that it is a length. */
  const length = (
    pointer: string,
    given: number | string,
    rule: 'any' | 'positive' | 'not negative' = 'not negative',
  ): Length => {
    const read = readLength(given) ?? { emu: 0 };
    if (rule === 'positive' ? !isPositive(read) : rule === 'not negative' && isNegative(read))
      refuse(`/place/${pointer}`, rule === 'positive' ? 'must be more than 0' : 'must not be negative');
    return read;
  };
  const { x, y, w, h, align = 'center', margin = 0, grid } = place;
  const margins = typeof margin === 'object' ? margin : undefined;
  const whole = typeof margin === 'object' ? undefined : length('margin', margin);
  const side = (name: keyof NonNullable<typeof margins>) => whole ?? length(`margin/${name}`, margins?.[name] ?? 0);
  if (grid?.cell !== undefined && grid.cell >= grid.columns * grid.rows)
    refuse('/place/grid/cell', `must be less than ${grid.columns * grid.rows}`);
  return {
    ...(x !== undefined && { x: length('x', x, 'any') }),
    ...(y !== undefined && { y: length('y', y, 'any') }),
    ...(w !== undefined && { w: length('w', w, 'positive') }),
    ...(h !== undefined && { h: length('h', h, 'positive') }),
    align,
    margin: { top: side('top'), right: side('right'), bottom: side('bottom'), left: side('left') },
    ...(grid && {
      grid: {
        columns: grid.columns,
        rows: grid.rows,
        gap: length('grid/gap', grid.gap ?? 0),
        ...(grid.cell !== undefined && { cell: grid.cell }),
      },
    }),
  };
}

function readAltText({ altText, title, decorative, replace }: ImageBody, refuse: Refuse): AltText | undefined {
  if (decorative) {
    for (const [name, given] of Object.entries({ altText, title }))
      if (given !== undefined) refuse(`/${name}`, 'must be left out of a decorative image');
    return { title: '', description: '' };
  }
  if (altText !== undefined) return { ...(title !== undefined && { title }), description: altText };
  if (replace !== undefined && title === undefined) return 'keep';
  refuse('/altText', 'must say what the image shows; one that says nothing is `decorative`');
  return undefined;
}
