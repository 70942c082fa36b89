/**
 * The requests that make a shape again as it was read: under its old object id, in its old place, with its text, and with those of its properties that can be written
 * (https://developers.google.com/slides/api/reference/rest/v1/presentations.pages/shapes).
 */
import type { PageElement, SlidesRequest, TextElement } from '../google/slides.ts';
import { readTransform, toEmu, writeTransform } from './geometry.ts';

type Fields = Record<string, unknown>;

/** Of a TextStyle, beside `link`. */
const TEXT_FIELDS = [
  'backgroundColor',
  'foregroundColor',
  'bold',
  'italic',
  'fontFamily',
  'fontSize',
  'weightedFontFamily',
  'baselineOffset',
  'smallCaps',
  'strikethrough',
  'underline',
] as const;
/** Values by which Slides says that it has none to tell. */
const NO_VALUE = /_UNSPECIFIED$|^CONTENT_ALIGNMENT_UNSUPPORTED$/;

/** CreateShapeRequest.objectId. What Slides makes by itself may have shorter ones, such as `i0`. */
const OBJECT_ID = /^[a-zA-Z0-9_][\w:-]{4,49}$/;

/** The id under which a shape can come back: its own, where Slides lets one be given. */
export function idAgain(objectId: string): string {
  return OBJECT_ID.test(objectId) ? objectId : `hk_again_${objectId}`.slice(0, 50);
}

export interface ShapeAgain {
  requests: SlidesRequest[];
  /** What of it could not be brought back; undefined where all that is known of it could. */
  detail?: string;
}

/** `element`: its transform is absolute. Undefined where not even its size is known. */
export function shapeAgain(page: string, element: PageElement): ShapeAgain | undefined {
  const { shape = {}, size, title, description } = element;
  const objectId = idAgain(element.objectId);
  const width = toEmu(size?.width);
  const height = toEmu(size?.height);
  if (width <= 0 || height <= 0) return undefined;
  const freeForm = shape.shapeType === undefined || /^(?:CUSTOM|TYPE_UNSPECIFIED)$/.test(shape.shapeType);
  const plain = freeForm || shape.placeholder !== undefined;
  const requests: SlidesRequest[] = [
    {
      createShape: {
        objectId,
        shapeType: plain ? 'TEXT_BOX' : (shape.shapeType ?? ''),
        elementProperties: {
          pageObjectId: page,
          size: { width: { magnitude: width, unit: 'EMU' }, height: { magnitude: height, unit: 'EMU' } },
          transform: writeTransform(readTransform(element.transform)),
        },
      },
    },
    ...textAgain(objectId, shape.text?.textElements ?? []),
    ...propertiesAgain(objectId, shape.shapeProperties ?? {}),
  ];
  if (title !== undefined || description !== undefined)
    requests.push({
      updatePageElementAltText: {
        objectId,
        ...(title !== undefined && { title }),
        ...(description !== undefined && { description }),
      },
    });
  const detail = [
    shape.placeholder !== undefined && 'It was a placeholder, and is a text box now',
    shape.placeholder === undefined && freeForm && 'It had a form of its own, and is a text box now',
    objectId !== element.objectId && `It was ${element.objectId}, an id that cannot be given`,
  ].filter((one) => one !== false);
  return { requests, ...(detail.length > 0 && { detail: detail.join('; ') }) };
}

function textAgain(objectId: string, elements: readonly TextElement[]): SlidesRequest[] {
  const all = elements.map(({ textRun, autoText }) => textRun?.content ?? autoText?.content ?? '').join('');
  // The line break at the end is there in every shape.
  const text = all.replace(/\n$/, '');
  if (text === '') return [];
  const rangeOf = ({ startIndex = 0, endIndex = 0 }: TextElement) => ({
    type: 'FIXED_RANGE' as const,
    startIndex,
    endIndex: Math.min(endIndex, text.length),
  });
  const styles = elements.flatMap((element): SlidesRequest[] => {
    const textRange = rangeOf(element);
    if (textRange.startIndex >= textRange.endIndex) return [];
    if (element.paragraphMarker) {
      const { alignment } = (element.paragraphMarker.style ?? {}) as Fields;
      return isValue(alignment)
        ? [{ updateParagraphStyle: { objectId, fields: 'alignment', style: { alignment }, textRange } }]
        : [];
    }
    const style = textStyle((element.textRun?.style ?? {}) as Fields);
    const fields = Object.keys(style).join(',');
    return fields ? [{ updateTextStyle: { objectId, fields, style, textRange } }] : [];
  });
  return [{ insertText: { objectId, text, insertionIndex: 0 } }, ...styles];
}

function textStyle(given: Fields): Fields {
  const style = Object.fromEntries(TEXT_FIELDS.flatMap((name) => (isValue(given[name]) ? [[name, given[name]]] : [])));
  // The one says what the other does and more, and they must not differ.
  if ('weightedFontFamily' in style) delete style['fontFamily'];
  const { url } = (given['link'] ?? {}) as Fields;
  return typeof url === 'string' ? { ...style, link: { url } } : style;
}

function propertiesAgain(objectId: string, given: Fields): SlidesRequest[] {
  const fill = rendered(given['shapeBackgroundFill'], (of) => ({ solidFill: of['solidFill'] }));
  const outline = rendered(given['outline'], (of) => {
    const { solidFill } = (of['outlineFill'] ?? {}) as Fields;
    return {
      ...(solidFill !== undefined && { outlineFill: { solidFill } }),
      weight: of['weight'],
      dashStyle: of['dashStyle'],
    };
  });
  const shapeProperties = valuesOf({
    shapeBackgroundFill: fill,
    outline,
    contentAlignment: given['contentAlignment'],
  });
  const fields = Object.entries(shapeProperties).flatMap(([name, value]) =>
    typeof value === 'object' ? Object.keys(value as Fields).map((field) => `${name}.${field}`) : name,
  );
  return fields.length > 0 ? [{ updateShapeProperties: { objectId, fields: fields.join(','), shapeProperties } }] : [];
}

/** A property with a state: shown as `read` says, not at all, or as what a placeholder would have passed on, which is left alone. */
function rendered(given: unknown, read: (of: Fields) => Fields): Fields | undefined {
  const of = (given ?? {}) as Fields;
  if (of['propertyState'] === 'NOT_RENDERED') return { propertyState: 'NOT_RENDERED' };
  const values = of['propertyState'] === 'INHERIT' ? {} : valuesOf(read(of));
  return Object.keys(values).length > 0 ? { ...values, propertyState: 'RENDERED' } : undefined;
}

function valuesOf(fields: Fields): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => isValue(value)));
}

function isValue(value: unknown): boolean {
  return value !== undefined && value !== null && !(typeof value === 'string' && NO_VALUE.test(value));
}
