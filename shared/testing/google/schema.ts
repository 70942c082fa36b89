/**
 * The published schema of an API, read from the declarations that come with its client, and JSON checked by it as Google checks it. The declarations say `string` of an
 * enumeration and `number` of what must be whole; the facts that they lack are given beside them.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { badRequest, Refused } from './answers.ts';

export type SchemaType =
  | { kind: 'string' | 'number' | 'boolean' | 'any' }
  | { kind: 'message'; name: string }
  | { kind: 'list' | 'map'; of: SchemaType }
  | { kind: 'object'; fields: Fields };
export type Fields = ReadonlyMap<string, SchemaType>;

export interface Schema {
  /** Of a type's name, without `Schema$`. */
  fields(name: string): Fields;
  /** Of a value's type; undefined where it has none of its own. */
  fieldsOf(type: SchemaType): Fields | undefined;
  /** Throws Refused, naming every violation. */
  check(name: string, value: unknown): void;
}

export interface Facts {
  /** Such as `google.apps.slides.v1`, for messages. */
  package: string;
  /** Values by `Type.field`. */
  enums: Readonly<Record<string, readonly string[]>>;
  integers: ReadonlySet<string>;
}

type Violation = { field: string; description: string };

const NO_FACTS: Facts = { package: 'google', enums: {}, integers: new Set() };

/** `api` is a path such as `slides/v1`. */
export function readSchema(api: string, facts: Facts = NO_FACTS): Schema {
  const types = declared(api);
  const fields = (name: string): Fields => {
    const found = types.get(name);
    if (!found) throw new Error(`${api} has no type ${name}`);
    return found;
  };
  const fieldsOf = (type: SchemaType): Fields | undefined => {
    if (type.kind === 'message') return fields(type.name);
    if (type.kind === 'list') return fieldsOf(type.of);
    return type.kind === 'object' ? type.fields : undefined;
  };

  function* violations(type: SchemaType, value: unknown, at: string, spot: string): Generator<Violation> {
    const wrong = (expected: string): Violation => ({
      field: at,
      description: `Invalid value at '${at}' (${expected}), ${JSON.stringify(value)}`,
    });
    // In JSON of protocol buffers null is as good as nothing.
    if (value === null || value === undefined || type.kind === 'any') return;
    if (type.kind === 'list') {
      if (!Array.isArray(value)) return yield wrong('repeated field');
      for (const [index, item] of value.entries()) yield* violations(type.of, item, `${at}[${index}]`, spot);
    } else if (type.kind === 'map' || type.kind === 'message' || type.kind === 'object') {
      const name = type.kind === 'message' ? type.name : '';
      if (typeof value !== 'object' || Array.isArray(value))
        return yield wrong(`type.googleapis.com/${facts.package}.${name}`);
      const known = fieldsOf(type);
      for (const [key, item] of Object.entries(value)) {
        const field = type.kind === 'map' ? type.of : known?.get(key);
        const below = at === '' ? snake(key) : `${at}.${snake(key)}`;
        if (field) yield* violations(field, item, below, `${name}.${key}`);
        else yield unknownName(key, at);
      }
    } else if (typeof value !== type.kind) {
      yield wrong(type.kind === 'string' ? 'TYPE_STRING' : type.kind === 'boolean' ? 'TYPE_BOOL' : 'TYPE_DOUBLE');
    } else if (facts.integers.has(spot) && (value as number) !== Math.trunc(value as number)) {
      yield wrong('TYPE_INT32');
    } else if (facts.enums[spot]?.includes(value as string) === false) {
      const [message = '', field = ''] = spot.split('.');
      yield wrong(`type.googleapis.com/${facts.package}.${message}.${field[0]?.toUpperCase()}${field.slice(1)}`);
    }
  }

  return {
    fields,
    fieldsOf,
    check(name, value) {
      const found = [...violations({ kind: 'message', name }, value, '', '')];
      if (found.length === 0) return;
      const message = found.map(({ description }) => description).join('\n');
      throw new Refused(400, message, { details: [badRequest(found)] });
    },
  };
}

const parsed = new Map<string, Map<string, Fields>>();

/** Read once in a process. */
function declared(api: string): Map<string, Fields> {
  const path = fileURLToPath(import.meta.resolve(`googleapis/build/src/apis/${api}.d.ts`));
  const types = parsed.get(api) ?? parseDeclarations(readFileSync(path, 'utf8'));
  parsed.set(api, types);
  return types;
}

function unknownName(key: string, at: string): Violation {
  const place = at === '' ? '' : ` at '${at}'`;
  return {
    field: at,
    description: `Invalid JSON payload received. Unknown name ${JSON.stringify(key)}${place}: Cannot find field.`,
  };
}

/** As Google names fields in what it says about them. */
function snake(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** All `Schema$` interfaces of a client's declarations, by name. Throws on a form that is not understood, so that nothing is let through unseen. */
function parseDeclarations(text: string): Map<string, Fields> {
  const tokens =
    text
      .replace(/\/\*[\s\S]*?\*\//g, '')
      .match(/export interface Schema\$\w+|Schema\$\w+|'[^']*'|[\w$]+\??|\[\]|[{}[\]:;|?<>]/g) ?? [];
  const types = new Map<string, Fields>();
  let at = 0;
  const next = () => tokens[at++] ?? '';
  const expect = (token: string) => {
    if (next() !== token) throw new Error(`expected ${token} before ${tokens.slice(at - 3, at + 3).join(' ')}`);
  };

  function readFields(): Map<string, SchemaType> {
    const fields = new Map<string, SchemaType>();
    expect('{');
    while (tokens[at] !== '}') {
      const name = next().replace(/\?$/, '').replaceAll("'", '');
      if (tokens[at] === '?') at++;
      expect(':');
      fields.set(name, readType());
      expect(';');
    }
    expect('}');
    return fields;
  }

  function readType(): SchemaType {
    let type = readBase();
    for (; tokens[at] === '[]'; at++) type = { kind: 'list', of: type };
    if (tokens[at] === '|') {
      expect('|');
      expect('null');
    }
    return type;
  }

  function readBase(): SchemaType {
    if (tokens[at] === '{') {
      if (tokens[at + 1] !== '[') return { kind: 'object', fields: readFields() };
      for (const token of ['{', '[', 'key', ':', 'string', ']', ':']) expect(token);
      const of = readType();
      expect(';');
      expect('}');
      return { kind: 'map', of };
    }
    const name = next();
    if (name === 'Array') {
      expect('<');
      const of = readType();
      expect('>');
      return { kind: 'list', of };
    }
    if (name.startsWith('Schema$')) return { kind: 'message', name: name.slice('Schema$'.length) };
    if (name === 'string' || name === 'number' || name === 'boolean' || name === 'any') return { kind: name };
    throw new Error(`a type that is not understood: ${name}`);
  }

  while (at < tokens.length) {
    const token = next();
    if (token.startsWith('export interface Schema$'))
      types.set(token.slice('export interface Schema$'.length), readFields());
  }
  return types;
}
