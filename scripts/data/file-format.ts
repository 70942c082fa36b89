/**
 * What an exported file looks like: lines of JSON, each ended by a line feed.
 *
 * | line | holds |
 * |---|---|
 * | the first | `{"format":"hawker-data","version":1,"at","store","collections"}`: when it was begun, where it comes from, what it covers |
 * | each other | `{"collection","id","value","expireAt"?}`: one document, by collection and then by the bytes of its id |
 * | the last | `{"end":true,"at","oneMoment","highestToken","collections":{name:{"documents","sha256"}},"seal"}` |
 *
 * Counts stand at the end, since nothing before it knows them. A checksum is that of a collection's lines with their line feeds; the seal is that of the first
 * line and of the last one without it. A file without its last line is not whole. `oneMoment`: whether all documents are as they were at one time.
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { Doc, JsonObject } from '#shared/store/store.ts';
import { idProblem } from '#shared/store/validate.ts';

const FORMAT = 'hawker-data';
const VERSION = 1;
/** A value of 900,000 bytes, and room for its id. */
export const MAX_LINE_BYTES = 1_048_576;

const headerSchema = z.strictObject({
  format: z.literal(FORMAT),
  version: z.literal(VERSION),
  at: z.iso.datetime(),
  store: z.string().max(200),
  collections: z.array(z.string().regex(/^[A-Za-z0-9-]{1,100}$/)).max(1_000),
});

const trailerSchema = z.strictObject({
  end: z.literal(true),
  at: z.iso.datetime(),
  oneMoment: z.boolean(),
  highestToken: z.int().min(0),
  collections: z.record(
    z.string(),
    z.strictObject({ documents: z.int().min(0), sha256: z.string().regex(/^[0-9a-f]{64}$/) }),
  ),
  seal: z.string(),
});

export type Header = z.infer<typeof headerSchema>;
export type Trailer = z.infer<typeof trailerSchema>;

/** One document as a file holds it. */
export interface Moved {
  collection: string;
  id: string;
  value: JsonObject;
  expireAt?: Date;
}

export function headerOf(given: Pick<Header, 'at' | 'store' | 'collections'>): Header {
  return { format: FORMAT, version: VERSION, ...given };
}

export function lineOf(line: Header | Moved | Omit<Trailer, 'seal'>): string {
  return `${JSON.stringify(line)}\n`;
}

/** `header`: the first line with its line feed, as it stands in the file. */
export function sealed(
  header: Buffer,
  { end, at, oneMoment, highestToken, collections }: Omit<Trailer, 'seal'>,
): Trailer {
  const rest = { end, at, oneMoment, highestToken, collections };
  return { ...rest, seal: createHash('sha256').update(header).update(lineOf(rest)).digest('hex') };
}

export function movedOf(collection: string, { id, expireAt }: Doc, value: JsonObject): Moved {
  return { collection, id, value, ...(expireAt && { expireAt }) };
}

/** Throws an Error that says what is wrong with it. */
export function parseHeader(text: string): Header {
  const json = objectIn(text);
  if (json?.['format'] !== FORMAT) throw new Error('it is no file of `npm run data -- export`');
  if (json['version'] !== VERSION)
    throw new Error(`it is of format version ${JSON.stringify(json['version'])}, and this Hawker reads ${VERSION}`);
  const header = headerSchema.safeParse(json);
  if (!header.success) throw new Error('its first line is damaged');
  return header.data;
}

/** Undefined for a line that is no last one. */
export function parseTrailer(text: string): Trailer | undefined {
  return trailerSchema.safeParse(objectIn(text)).data;
}

/** Undefined for a line that is no document of one of these collections, whole and well-formed. */
export function parseMoved(text: string, collections: ReadonlySet<string>): Moved | undefined {
  const json = objectIn(text);
  if (!json) return undefined;
  const { collection, id, value, expireAt } = json;
  if (typeof collection !== 'string' || !collections.has(collection)) return undefined;
  if (typeof id !== 'string' || idProblem(id) !== undefined) return undefined;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  if (expireAt === undefined) return { collection, id, value };
  const date = new Date(typeof expireAt === 'string' ? expireAt : Number.NaN);
  return Number.isNaN(date.getTime()) ? undefined : { collection, id, value, expireAt: date };
}

function objectIn(text: string): JsonObject | undefined {
  try {
    const json: unknown = JSON.parse(text);
    return typeof json === 'object' && json !== null && !Array.isArray(json) ? (json as JsonObject) : undefined;
  } catch {
    return undefined;
  }
}
