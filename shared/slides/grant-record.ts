/** Grants and what was fetched with them, as documents. */
import { createHash } from 'node:crypto';

/** By the grant's id. It exists while the grant is open; one that nobody closed is removed by the store. */
export const GRANTS = 'slides-grants';
/** The audit records; their ids are the job's and then sort by time. */
export const FETCHES = 'slides-fetches';
export const FETCHES_KEPT_MS = 90 * 24 * 3_600_000;

export interface GrantRecord {
  job: string;
  image: string;
  blob: string;
  sha256: string;
  type: string;
  size: number;
  /** GETs so far. */
  gets: number;
  mostGets: number;
  /** RFC 3339, whole seconds. */
  expiresAt: string;
}

/** How long the store keeps a grant that nobody closed, so that closing it late still tells how often it was used. */
const KEPT_LONGER_MS = 3_600_000;

export function keptUntil(expiresAt: string): Date {
  return new Date(Date.parse(expiresAt) + KEPT_LONGER_MS);
}

/** One GET that was let in. What its asker tells of itself is not to be believed. */
export interface FetchRecord {
  job: string;
  image: string;
  /** RFC 3339. */
  at: string;
  userAgent: string;
  address: string;
  /** Which of its grant's GETs it is, from 1. */
  gets: number;
  /** Tells grants apart without being the id of one. */
  grant: string;
}

export function grantHash(id: string): string {
  return createHash('sha256').update(id).digest('base64url').slice(0, 16);
}
