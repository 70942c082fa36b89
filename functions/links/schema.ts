/** What comes in and goes out over HTTP, for domains and links. Rules that need the store (slugs, targets, loops) are the writer's. */
import * as z from 'zod';
import { pageOf } from '#shared/http/paging.ts';
import { normaliseHost } from '#shared/links/host.ts';
import { MATCHES, QUERY_MODES, STATUSES } from '#shared/links/records.ts';

/** Rules with their own words, since what they say of a file's line is read by people who know of no types. */
const string = z.string({ error: ({ input }) => (input === undefined ? 'is missing' : 'must be a text') });

function text(min: number, max: number, from = string) {
  const length = min === 0 ? `must have at most ${max} characters` : `must have ${min} to ${max} characters`;
  return from.min(min, length).max(max, length);
}

function oneOf<const T extends string>(names: readonly T[]) {
  return z.enum(names, `must be one of ${names.join(', ')}`);
}

/** Runs even where the text was found to be no time. */
const inUtc = (text: string) => (Number.isNaN(Date.parse(text)) ? text : new Date(text).toISOString());
const time = z.iso
  .datetime({ offset: true, error: 'must be a time such as 2026-01-31T09:00:00Z' })
  .overwrite(inUtc)
  .describe('RFC 3339; answered in UTC');
const target = text(1, 8_192).describe('An absolute http or https address');
const status = z.literal([...STATUSES], `must be one of ${STATUSES.join(', ')}`);
const WHOLE = 'must be a whole number from 1';

export const host = z
  .string()
  .max(1_000)
  .transform((text, context) => {
    if (text.includes(':')) {
      context.addIssue('must be a host name alone, without a port; links answer on every port');
      return z.NEVER;
    }
    const found = normaliseHost(text);
    if (found === undefined) context.addIssue('must be a host name such as go.example.com');
    return found ?? z.NEVER;
  })
  .describe('A host name; letters beyond ASCII are turned into A-labels');

/** Percent-encoded once in the address, so that `docs/admin` travels as `docs%2Fadmin`. */
const slugInPath = z.string().describe('The slug, percent-encoded: `docs%2Fadmin`; `%2F` is the root');

export const domainPath = z.strictObject({ host });
export const linkPath = z.strictObject({ host, slug: slugInPath });

export const domainBody = z
  .strictObject({
    case: z
      .enum(['sensitive', 'insensitive'])
      .default('sensitive')
      .describe('Whether /Sale and /sale are two slugs; fixed while the domain has links'),
    trailingSlash: z
      .enum(['ignore', 'strict'])
      .default('ignore')
      .describe('Whether /sale/ is another slug than /sale; fixed while the domain has links'),
    defaultStatus: status.default(302).describe('The status of links that name none'),
    rootTarget: target.exactOptional().describe('Where / leads; 404 without it'),
    notFoundTarget: target.exactOptional().describe('Where an unknown slug leads; 404 without it'),
    expiredTarget: target.exactOptional().describe('Where a link that has ended leads; 410 without it'),
  })
  .prefault({})
  .meta({ id: 'DomainBody' });

export const domainAnswer = z
  .object({
    host: z.string(),
    ...domainBody.unwrap().shape,
    links: z.int().describe('How many links it has'),
    createdAt: time,
    updatedAt: time,
  })
  .meta({ id: 'Domain' });

const linkFields = {
  target,
  status: status.exactOptional().describe("The domain's default where absent"),
  query: oneOf(QUERY_MODES).describe("What becomes of the visitor's query"),
  queryAllow: z
    .array(text(1, 200), 'must be a list')
    .max(50, 'must have at most 50 items')
    .exactOptional()
    .describe('Parameters that pass; `utm_*` stands for all with that beginning'),
  rest: oneOf(['append', 'ignore']).exactOptional().describe('What a prefix link does with the rest of the path'),
  validFrom: time.exactOptional(),
  validUntil: time.exactOptional(),
  clickLimit: z
    .int(WHOLE)
    .min(1, WHOLE)
    .max(1_000_000_000, 'must be at most 1000000000')
    .exactOptional()
    .describe('Uses by people until it answers 410; exact'),
  tags: z
    .array(text(1, 100, string.trim()).regex(/^\P{Cc}*$/u, 'must hold no control characters'), 'must be a list')
    .max(50, 'must have at most 50 items')
    .overwrite((tags) => [...new Set(tags)])
    .describe('One that is given twice counts once'),
  note: text(0, 2_000)
    .regex(/^[\t\n\r\P{Cc}]*$/u, 'must hold no control characters but tabs and line ends')
    .exactOptional(),
};

/** As most link services do it: what a visitor brings counts more than what stands in the target. */
export const DEFAULT_QUERY = 'incoming-wins';

const writable = {
  ...linkFields,
  query: linkFields.query.default(DEFAULT_QUERY),
  tags: linkFields.tags.default([]),
};

const slug = text(1, 2_000).describe('Decoded, without the leading slash; `/` is the root');
const match = oneOf(MATCHES).describe('`exact` answers one path, `prefix` also everything below it');

export const newLinkBody = z
  .strictObject({
    slug: slug.exactOptional().describe('Made up where absent'),
    match: match.default('exact'),
    ...writable,
  })
  .meta({ id: 'NewLink' });

export const linkBody = z
  .strictObject({ slug: slug.exactOptional(), match: match.exactOptional(), ...writable })
  .meta({ id: 'LinkBody' });

/** JSON Merge Patch (RFC 7396): `null` removes a field, or sets it to its default; an array is replaced as a whole. */
export const linkPatch = z
  .strictObject({
    slug: slug.exactOptional(),
    match: match.exactOptional(),
    target: target.exactOptional(),
    status: linkFields.status.nullable(),
    query: linkFields.query.nullable().exactOptional(),
    queryAllow: linkFields.queryAllow.nullable(),
    rest: linkFields.rest.nullable(),
    validFrom: linkFields.validFrom.nullable(),
    validUntil: linkFields.validUntil.nullable(),
    clickLimit: linkFields.clickLimit.nullable(),
    tags: linkFields.tags.nullable().exactOptional(),
    note: linkFields.note.nullable(),
  })
  .meta({ id: 'LinkPatch' });

export const linkAnswer = z
  .object({
    id: z.string(),
    host: z.string(),
    slug,
    match,
    ...linkFields,
    path: z.string().describe('What visitors ask the domain for, percent-encoded'),
    createdAt: time,
    updatedAt: time,
    uses: z.int().exactOptional().describe('Of a link with a click limit: how often it was used'),
  })
  .meta({ id: 'Link' });

/** For writing. */
export const matchQuery = z.strictObject({
  match: match
    .exactOptional()
    .describe('Which one, since a slug may have both an exact and a prefix link; without it exact, never the other'),
});

/** For reading. */
export const readMatchQuery = z.strictObject({
  match: match
    .exactOptional()
    .describe(
      'Which one, where the slug has both an exact and a prefix link; without it exact, or prefix where there is no exact one',
    ),
});

export const domainPage = pageOf(domainAnswer);
export const linkPage = pageOf(linkAnswer);
