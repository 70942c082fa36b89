/**
 * What a file of links says, before the domain is asked: each line becomes a draft, a problem, or (where it goes in but answers a little
 * differently here) both. Nothing that a file says is passed over without a problem that names its line.
 */
import * as z from 'zod';
import { linkPatch, newLinkBody } from '../schema.ts';

/**
 * The fields of a link as files carry them. One that is absent stays as it is in a link that exists and takes its default in a new one;
 * `null` says that the link has none.
 */
export const linkRow = z.strictObject({
  ...linkPatch.shape,
  slug: newLinkBody.shape.slug.unwrap(),
  match: newLinkBody.shape.match,
  target: newLinkBody.shape.target,
});

export interface Place {
  /** Counts from 1; 0 speaks of the whole file. */
  line: number;
  /** What stands there, on one line, cut after 200 characters. */
  text: string;
}

export interface Draft extends Place {
  row: z.output<typeof linkRow>;
  /** The visitor's query is passed on; how it is merged, the file does not say, and `row.query` is absent. */
  forwarded?: true;
}

export interface Problem extends Place {
  reason: string;
}

export interface Parsed {
  drafts: Draft[];
  problems: Problem[];
}

/** A piece of a file as a problem shows it. */
export function shown(text: string): string {
  const flat = text.trim().replaceAll(/\s+/g, ' ');
  return flat.length > 200 ? `${flat.slice(0, 199)}…` : flat;
}
