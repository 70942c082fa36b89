/** A presentation as Slides answered it, if that is what it is: whatever looks at it afterwards need not doubt its types. */
import * as z from 'zod';
import type { PageElement, Presentation } from './slides.ts';

// A unit of a newer kind is left out rather than taken for one of these.
const unit = z.enum(['EMU', 'PT']).optional().catch(undefined);
const number = z.number().optional();
const text = z.string().optional();
const object = z.looseObject({}).optional();
const dimension = z.looseObject({ magnitude: number, unit }).optional();
const size = z.looseObject({ width: dimension, height: dimension }).optional();

const transform = z
  .looseObject({
    scaleX: number,
    scaleY: number,
    shearX: number,
    shearY: number,
    translateX: number,
    translateY: number,
    unit,
  })
  .optional();

const textElement = z.looseObject({
  startIndex: number,
  endIndex: number,
  textRun: z.looseObject({ content: text, style: object }).optional(),
  paragraphMarker: z.looseObject({ style: object }).optional(),
  autoText: z.looseObject({ content: text }).optional(),
});

const shape = z
  .looseObject({
    shapeType: text,
    text: z.looseObject({ textElements: z.array(textElement).optional() }).optional(),
    shapeProperties: object,
    placeholder: object,
  })
  .optional();

const image = z.looseObject({ contentUrl: text, sourceUrl: text, imageProperties: object }).optional();

const element: z.ZodType<unknown> = z.lazy(() =>
  z.looseObject({
    objectId: z.string(),
    size,
    transform,
    title: text,
    description: text,
    shape,
    image,
    elementGroup: z.looseObject({ children: z.array(element).optional() }).optional(),
  }),
);

const page = z.looseObject({ objectId: z.string(), pageElements: z.array(element).optional() });

const presentation = z.looseObject({
  presentationId: z.string(),
  pageSize: size,
  slides: z.array(page).optional(),
  revisionId: text,
});

/** Groups hold groups; Slides' own editor allows a few levels. */
const DEEPEST = 50;

/** Undefined where it is none. */
export function readPresentation(json: unknown): Presentation | undefined {
  if (isTooDeep(json)) return undefined;
  const read = presentation.safeParse(json);
  return read.success ? (read.data as Presentation) : undefined;
}

/** Whoever walks through groups does it by calling itself. */
function isTooDeep(json: unknown): boolean {
  const { slides } = Object(json) as { slides?: unknown };
  let level = (Array.isArray(slides) ? slides : []).flatMap((slide) =>
    childrenOf((Object(slide) as Holder).pageElements),
  );
  for (let depth = 0; level.length > 0; depth++) {
    if (depth >= DEEPEST) return true;
    level = level.flatMap((item) => childrenOf(item.elementGroup?.children));
  }
  return false;
}

interface Holder {
  pageElements?: unknown;
}

function childrenOf(list: unknown): Partial<PageElement>[] {
  return Array.isArray(list) ? list.map((item) => Object(item) as Partial<PageElement>) : [];
}
