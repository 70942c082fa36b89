/** Takes apart what gcloud answers, which may be anything. */
import type { Json } from './resource.ts';

/** What stands at this path; null where nothing does. A number picks from a list. */
export function at(answer: Json, ...path: (string | number)[]): Json {
  let inside: Json = answer;
  for (const key of path) {
    if (inside === null || typeof inside !== 'object') return null;
    inside = (inside as Record<string | number, Json>)[key] ?? null;
  }
  return inside;
}

export function text(answer: Json, ...path: (string | number)[]): string {
  const found = at(answer, ...path);
  return found === null || typeof found === 'object' ? '' : String(found);
}

export function items(answer: Json, ...path: (string | number)[]): readonly Json[] {
  const found = at(answer, ...path);
  return Array.isArray(found) ? (found as readonly Json[]) : [];
}

/** For what only has to be there. */
export const present = (): Json => null;
