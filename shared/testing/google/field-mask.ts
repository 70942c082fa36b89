/** `fields`: what of an answer is wanted (https://developers.google.com/slides/api/guides/performance#partial): `a,b(c,d/e),f.g,*`. */
import { badRequest, Refused } from './answers.ts';
import type { Schema, SchemaType } from './schema.ts';

/** By field name; `*` is all fields. What has nothing below it is wanted whole. */
export type Mask = Map<string, Mask>;

/** Throws Refused where it cannot be read, or names fields that the type does not have. */
export function readMask(text: string, schema: Schema, type: string): Mask {
  let at = 0;
  const refuse = (path: string): never => {
    const description = `Error expanding 'fields' parameter. Cannot find matching fields for path '${path}'.`;
    throw new Refused(400, 'Request contains an invalid argument.', {
      details: [badRequest([{ field: path, description }])],
      reason: 'invalidParameter',
    });
  };

  function readList(into: Mask, of: SchemaType, path: string, closing: string): void {
    readPath(into, of, path);
    while (text[at] === ',') {
      at++;
      readPath(into, of, path);
    }
    if ((text[at] ?? '') !== closing) refuse(text.slice(at));
    at++;
  }

  function readPath(into: Mask, of: SchemaType, path: string): void {
    const name = /^(?:\*|[\w-]+)/.exec(text.slice(at))?.[0] ?? refuse(text.slice(at));
    at += name.length;
    const below = path ? `${path}.${name}` : name;
    const found = name === '*' ? of : (typeOf(of, name) ?? refuse(below));
    const has = into.get(name);
    const mask: Mask = has ?? new Map();
    const deeper = text[at] === '.' || text[at] === '/' || text[at] === '(';
    // Whole is more than a part, whichever was named first.
    if (!deeper) mask.clear();
    const whole = has !== undefined && has.size === 0;
    const target = whole ? new Map() : mask;
    into.set(name, mask);
    if (!deeper) return;
    // What is below all fields has no one type.
    if (name === '*') refuse(below);
    if (text[at++] === '(') readList(target, found, below, ')');
    else readPath(target, found, below);
  }

  const typeOf = (of: SchemaType, name: string): SchemaType | undefined =>
    of.kind === 'map' ? of.of : (schema.fieldsOf(of)?.get(name) ?? undefined);
  const mask: Mask = new Map();
  readList(mask, { kind: 'message', name: type }, '', '');
  return mask;
}

/** What of a value a mask lets through. */
export function prune(value: unknown, mask: Mask): unknown {
  if (mask.size === 0 || value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map((item) => prune(item, mask));
  const kept = Object.entries(value).flatMap(([key, item]) => {
    const below = mask.get(key) ?? mask.get('*');
    if (!below) return [];
    const pruned = prune(item, below);
    // An object of which nothing was asked is not told.
    return isEmpty(pruned) && !isEmpty(item) ? [] : [[key, pruned] as const];
  });
  return Object.fromEntries(kept);
}

function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length === 0;
}
