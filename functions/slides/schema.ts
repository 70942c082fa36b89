/** What comes in over HTTP. Which fields go together, and what their texts mean, is checked by `readAsked`. */
import * as z from 'zod';
import { ALIGNMENTS, MOST_IMAGES } from '#shared/slides/asked.ts';
import { presentationIdOf } from './drive-link.ts';
import { EXAMPLE } from './example.ts';
import { LENGTH_RULE, readLength } from './lengths.ts';

/** Cloud Run takes requests up to 32 MiB: https://docs.cloud.google.com/run/quotas. */
export const MOST_BODY_BYTES = 32 * 1024 * 1024;
const MOST_TEXT = 5_000;

/** What Slides would refuse, or screen readers could not read. */
const text = z
  .string()
  .trim()
  .regex(/^(?:[\n\t]|[^\p{Cc}\p{Cs}])*$/u, 'must hold no control characters and no halves of characters');

const LENGTH_FORMS =
  'Points, or a text with a unit: `30pt`, `2cm`, `1in`, `914400emu`; `10%` is of the page, by its width or its height';
const length = z
  .union([z.number(), z.string()], LENGTH_RULE)
  .refine((given) => readLength(given) !== undefined, LENGTH_RULE)
  .describe(LENGTH_FORMS);

/** A length that says what it is for, before how it is written. */
const named = (schema: typeof length, about: string) => schema.optional().describe(`${about}. ${LENGTH_FORMS}`);

const align = z
  .enum(ALIGNMENTS, `must be one of ${ALIGNMENTS.join(', ')}`)
  .describe('Where the box stands in its room, and an image of other proportions in its box; `center` by default');

const source = z.strictObject({
  base64: z.string().optional().describe("The image's bytes, as base64"),
  svg: z.string().optional().describe('An SVG document'),
  drive: z.string().optional().describe('A file on Google Drive, by its id or its link'),
  url: z.string().optional().describe('An https address that anybody may fetch'),
  gs: z.string().optional().describe('An object in Cloud Storage: `gs://bucket/object`'),
  part: z.string().optional().describe('The name of another part of the same multipart/form-data'),
});

const COUNT = 'must be a whole number from 1 to 100';
const count = z.int(COUNT).min(1, COUNT).max(100, COUNT);

const place = z.strictObject({
  x: named(length, 'Its left edge, from the left edge of the slide; without it `align` says where it is'),
  y: named(length, 'Its upper edge, from the upper edge of the slide; without it `align` says where it is'),
  w: named(length, "Its width; without it by `h` and the image's proportions, or all the room there is"),
  h: named(length, "Its height; without it by `w` and the image's proportions, or all the room there is"),
  align: align.optional(),
  margin: z
    .union([
      length,
      z.strictObject({
        top: length.optional(),
        right: length.optional(),
        bottom: length.optional(),
        left: length.optional(),
      }),
    ])
    .optional()
    .describe('Kept free at all edges of the slide, or at some; 0 by default'),
  grid: z
    .strictObject({
      columns: count.describe('Cells beside each other'),
      rows: count.describe('Cells above each other'),
      gap: named(length, 'Between two cells; 0 by default'),
      cell: z
        .int()
        .min(0)
        .optional()
        .describe('From 0, row by row; without it the images of a slide take the cells in their order'),
    })
    .optional()
    .describe('Cells of equal size within the margins; the image has one of them for its room'),
});

const elementId = z.string().regex(/^\w[\w:-]{0,99}$/, 'must be an object id: letters, digits, `_`, `-` and `:`');

const image = z
  .strictObject({
    source: z
      .union([z.string(), source])
      .describe(
        'An object with one field; as a text an https or gs:// address, a link to Drive, or `data:image/...;base64,...`',
      ),
    page: z
      .union([z.int().min(1), elementId], 'must be the number of a slide, from 1, or its object id')
      .optional()
      .describe('Put it on this slide: its number from 1, or its object id'),
    tag: z
      .string()
      .regex(/^(?:\{\{[^{}]{1,100}\}\}|[^{}]{1,100})$/, 'must be {{...}} with 1 to 100 characters, or these alone')
      .optional()
      .describe('Put it instead of each shape whose whole text is this tag: `{{logo}}`, or `logo`'),
    replace: z
      .union(
        [
          elementId,
          z.strictObject({
            objectId: elementId.optional().describe('This one image'),
            altText: z
              .string()
              .min(1)
              .max(MOST_TEXT)
              .optional()
              .describe('All images whose title or description is this'),
          }),
        ],
        'must be an object id, or an object with `objectId` or `altText`',
      )
      .optional()
      .describe(
        'Put it instead of an image that is there: by its object id, or all whose title or description is `altText`',
      ),
    place: place
      .optional()
      .describe('Where on the slide; with `tag` and `replace` only `align`, since they have a box'),
    fit: z
      .enum(['contain', 'cover', 'stretch'])
      .default('contain')
      .describe('All of it inside the box, the box filled with its middle, or all of it in all of the box'),
    altText: text
      .min(1, 'must say something; an image that says nothing is `decorative`')
      .max(MOST_TEXT)
      .optional()
      .describe('What it shows; needed unless it is `decorative`, or replaces an image, whose texts then stay'),
    title: text
      .min(1)
      .max(MOST_TEXT)
      .optional()
      .describe('A short name beside `altText`; without one a replaced image keeps its own'),
    decorative: z.boolean().default(false).describe('It says nothing, so that screen readers pass over it'),
  })
  .meta({ id: 'Image' });

export const imagesBody = z
  .strictObject({
    images: z
      .array(image)
      .min(1, `must have 1 to ${MOST_IMAGES} images`)
      .max(MOST_IMAGES, `must have 1 to ${MOST_IMAGES} images`)
      .describe('Placed in one write, in this order'),
    onError: z
      .enum(['abort', 'skip'])
      .default('abort')
      .describe('Where one cannot be placed: none is, or the others are'),
    dryRun: z.boolean().default(false).describe('Answers the batch that Slides would be sent, and changes nothing'),
    mode: z
      .enum(['private', 'bucket'])
      .default('private')
      .describe(
        'Google fetches the images from here, by addresses that work a few times; or from Cloud Storage, by signed ones',
      ),
    requiredRevisionId: z
      .string()
      .min(1)
      .max(200)
      .optional()
      .describe('The presentation must still be at this revision'),
    keepReplaced: z
      .boolean()
      .default(false)
      .describe('Keeps what is replaced for half an hour, so that an undo brings it back'),
  })
  .meta({ id: 'Images', examples: [EXAMPLE] });
export type ImagesBody = z.output<typeof imagesBody>;
export type ImageBody = ImagesBody['images'][number];

export const presentationPath = z.strictObject({
  presentationId: z
    .string()
    .superRefine((given, issues) => {
      const id = presentationIdOf(given);
      const hint = id ? `must be the id in the link alone: ${id}` : 'must be letters, digits, `-` and `_`';
      if (!/^[\w-]{1,200}$/.test(given)) issues.addIssue(hint);
    })
    .describe('What stands between `/d/` and `/edit` in the link to the presentation'),
});

export const jobPath = z.strictObject({
  job: z
    .string()
    .regex(/^[\w-]{1,100}$/, 'must be the id of a job')
    .describe('The id of the job'),
});
