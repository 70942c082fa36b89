/** What goes out, for the description alone: loaded when somebody asks for it. */
import * as z from 'zod';
import { pageOf } from '#shared/http/paging.ts';
import { CHANGE_NAMES, CHANGES } from '#shared/images/image.ts';
import { IMAGE_ERRORS, IMAGE_STATES, type ImageErrorCode } from '#shared/slides/outcome.ts';

const time = z.string().describe('RFC 3339');
const listed = (texts: Record<string, string>) =>
  Object.entries(texts)
    .map(([name, text]) => `\`${name}\`: ${text}`)
    .join('; ');
const IMAGE_ERROR_TITLES = Object.fromEntries(Object.entries(IMAGE_ERRORS).map(([code, { title }]) => [code, title]));
const pixels = z.object({ type: z.string(), width: z.int(), height: z.int(), bytes: z.int() });

const imageOutcome = z
  .object({
    index: z.int().describe('Among the images of the request, from 0'),
    state: z
      .enum(IMAGE_STATES)
      .describe('How far it is, in this order; `left out`: nothing is wrong with it, but another one failed'),
    objects: z.array(
      z.object({
        objectId: z.string(),
        page: z.string().describe("The slide's object id"),
        action: z.enum(['created', 'replaced']).describe('A new element, or other bytes in one that was there'),
        insteadOf: z.string().optional().describe('The shape of a tag that it took the place of'),
        effectsLost: z
          .literal(true)
          .optional()
          .describe('The replaced image was cropped, recoloured or the like; Slides takes some or all of that away'),
      }),
    ),
    source: pixels.optional().describe('As it came'),
    sent: pixels.optional().describe('As Google got it'),
    changes: z.array(z.enum(CHANGE_NAMES)).describe(`What was done to it on the way. ${listed(CHANGES)}`),
    fetches: z.int().optional().describe('How often Google fetched it'),
    addressDead: z.boolean().optional().describe('Whether the address that Google fetched it from works no more'),
    error: z
      .object({
        code: z
          .enum(Object.keys(IMAGE_ERRORS) as [ImageErrorCode, ...ImageErrorCode[]])
          .describe(listed(IMAGE_ERROR_TITLES)),
        detail: z.string().describe('One sentence for people'),
      })
      .optional()
      .describe('Why it was not placed'),
  })
  .meta({ id: 'ImageOutcome' });

const undo = z
  .object({
    possible: z.boolean().describe('Whether it has ended, has changed something and is not undone yet'),
    until: time.optional(),
    restoresUntil: time
      .optional()
      .describe('Until then it also brings back what was replaced; absent where nothing was kept'),
  })
  .meta({ id: 'UndoPossible' });

const writes = z.int().describe('Writes that Google was sent');

export const insertAnswer = z
  .object({
    job: z.object({ id: z.string(), undo }).optional().describe('Absent after a dry run'),
    presentationId: z.string(),
    state: z.enum(['done', 'partial']).describe('Each image was placed, or some were, by `onError: "skip"`'),
    revisionId: z.string().optional().describe('Of the presentation after it; good for `requiredRevisionId`'),
    writes,
    images: z.array(imageOutcome),
    batch: z
      .array(z.looseObject({}))
      .optional()
      .describe('Of a dry run: the requests that Slides would be sent, their addresses dead'),
  })
  .meta({ id: 'Inserted' });

const undone = z
  .object({
    index: z.int(),
    objectId: z.string(),
    action: z
      .enum(['deleted', 'gone', 'restored', 'not restored'])
      .describe('`gone`: somebody had removed it already; `not restored`: see `detail`'),
    detail: z.string().optional(),
  })
  .meta({ id: 'Undone' });

export const jobSchema = z
  .object({
    id: z.string(),
    presentationId: z.string(),
    kind: z.enum(['now', 'queued']).describe('Whether the request waited for it, or the queue has it'),
    state: z
      .enum(['queued', 'running', 'done', 'partial', 'failed', 'undone'])
      .describe('`partial`: some images were placed; `failed`: none was; `undone`: they were taken away again'),
    images: z.array(imageOutcome),
    writes,
    revisionId: z.string().optional().describe('Of the presentation after it; good for `requiredRevisionId`'),
    error: z
      .object({ code: z.string(), detail: z.string() })
      .optional()
      .describe('Why none was placed, where it is no image’s fault'),
    undo,
    objects: z.array(undone).optional().describe('Of an undone job'),
    createdAt: time,
    updatedAt: time,
    endedAt: time.optional(),
  })
  .meta({ id: 'Job' });

export const undoAnswer = z
  .object({ id: z.string(), state: z.literal('undone'), objects: z.array(undone) })
  .meta({ id: 'JobUndone' });

export const fetchesAnswer = pageOf(
  z
    .object({
      at: time,
      image: z.string().describe('The image and its rendition, such as `3.0`'),
      userAgent: z.string().describe('As whoever asked tells it; not to be believed'),
      address: z.string(),
      gets: z.int().describe("Which of its address's fetches, from 1"),
    })
    .meta({ id: 'Fetch' }),
);
