/** Properties and styles as an update changes them: the fields that its mask lists are set, or cleared where the update has none. */
import { Refused } from './answers.ts';
import type { Fields, Schema } from './schema.ts';

export type Style = Record<string, unknown>;

/** Told by the reference to be read-only. */
const READ_ONLY = /^(?:shadow|autofit\.(?:fontScale|lineSpacingReduction))(?:\.|$)/;

/** Answers the changed copy. Throws Refused where the mask is empty or names what is not there. */
export function changed(
  old: Style,
  given: Style,
  mask: string | null | undefined,
  type: string,
  schema: Schema,
): Style {
  const paths = (mask ?? '').split(',').filter(Boolean);
  if (paths.length === 0)
    throw new Refused(400, "At least one field must be listed in 'fields'. (Use '*' to indicate all fields.)");
  const fields = schema.fields(type);
  const all = paths.includes('*') ? [...fields.keys()].filter((name) => !READ_ONLY.test(name)) : paths;
  const style = structuredClone(old);
  for (const path of all) {
    const names = path.split('.').map(camel);
    if (!exists(names, fields, schema)) throw new Refused(400, `Invalid field: ${path}`);
    if (READ_ONLY.test(names.join('.'))) throw new Refused(400, `The field ${path} cannot be updated.`);
    set(style, names, valueAt(given, names));
  }
  return style;
}

function exists([name = '', ...rest]: string[], fields: Fields, schema: Schema): boolean {
  const type = fields.get(name);
  if (!type || rest.length === 0) return type !== undefined;
  const below = schema.fieldsOf(type);
  return below !== undefined && exists(rest, below, schema);
}

function valueAt(style: unknown, names: string[]): unknown {
  return names.reduce<unknown>((value, name) => (value as Style | null | undefined)?.[name], style);
}

function set(style: Style, [name = '', ...rest]: string[], value: unknown): void {
  if (rest.length > 0) {
    const below = { ...(style[name] as Style | undefined) };
    set(below, rest, value);
    style[name] = below;
  } else if (value === undefined || value === null) {
    delete style[name];
  } else {
    style[name] = structuredClone(value);
  }
}

function camel(name: string): string {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
