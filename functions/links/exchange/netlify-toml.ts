/** Reads the `[[redirects]]` of a `netlify.toml`; the rest of the file (build, plugins, headers) holds no redirects and is passed over. */
import { type AST, getStaticTOMLValue, ParseError, parseTOML } from 'toml-eslint-parser';
import { AppError } from '#shared/errors.ts';
import { shown } from './draft.ts';
import type { NetlifyRule } from './netlify-rule.ts';

/** Throws AppError `invalid` with the line where the file is no TOML. */
export function readNetlifyToml(text: string): NetlifyRule[] {
  const source = text.replace(/^\uFEFF/, '');
  const { program, redirects } = parsed(source);
  if (redirects === undefined) return [];
  const places = placesOf(program.body[0], source);
  const tables = Array.isArray(redirects) ? redirects : [redirects];
  return tables.map((table: unknown, index) => ruleOf(table, places[index] ?? { line: 1, text: 'redirects' }));
}

function parsed(source: string): { program: AST.TOMLProgram; redirects?: unknown } {
  try {
    const program = parseTOML(source);
    return { program, redirects: getStaticTOMLValue(program)['redirects'] };
  } catch (error) {
    // The parser goes down into arrays and tables by recursion.
    if (error instanceof RangeError)
      throw new AppError('invalid', 'The file is nested too deeply to be read', { cause: error });
    if (!(error instanceof ParseError)) throw error;
    // What a line lacks at its end, the parser finds missing at the beginning of the next.
    const atEnd = error.column === 0 && /^(?:Unterminated|Unspecified)/.test(error.message);
    const line = error.lineNumber - (atEnd ? 1 : 0);
    throw new AppError('invalid', `The file is not TOML: line ${line}: ${error.message}`, { cause: error });
  }
}

/** Where each rule stands: as tables of their own (`[[redirects]]`), or in one array (`redirects = [{ ... }]`). */
function placesOf(top: AST.TOMLTopLevelTable, source: string): { line: number; text: string }[] {
  const placeOf = (node: AST.TOMLNode) => ({ line: node.loc.start.line, text: shown(source.slice(...node.range)) });
  return top.body.flatMap((node) => {
    if (node.type === 'TOMLTable') {
      const [name, , ...below] = node.resolvedKey;
      return name === 'redirects' && below.length === 0 ? placeOf(node) : [];
    }
    const [name, ...below] = getStaticTOMLValue(node.key);
    if (name !== 'redirects' || below.length > 0) return [];
    return node.value.type === 'TOMLArray' ? node.value.elements.map(placeOf) : placeOf(node);
  });
}

/** Each of a rule's keys and the older names it also goes by. */
const KEYS = {
  from: ['from', 'origin'],
  to: ['to', 'destination'],
  query: ['query', 'params', 'parameters'],
  signed: ['signed', 'sign', 'signing'],
};

function ruleOf(table: unknown, place: { line: number; text: string }): NetlifyRule {
  const rule = { ...place, query: [] as string[], conditions: [] as string[], unknown: [] as string[] };
  if (typeof table !== 'object' || table === null)
    return { ...rule, from: '', unknown: ['a redirect must be a table'] };
  const fields = new Map(Object.entries(table as Record<string, unknown>));
  const take = (names: readonly string[]) => {
    const name = names.find((candidate) => fields.has(candidate));
    const value = name && fields.get(name);
    if (name) fields.delete(name);
    return value;
  };
  const [from, to, status] = [take(KEYS.from), take(KEYS.to), take(['status'])];
  take(['force']);
  const unknown: string[] = [];
  if (from !== undefined && typeof from !== 'string') unknown.push('from must be a string');
  if (to !== undefined && typeof to !== 'string') unknown.push('to must be a string');
  if (status !== undefined && !/^\d{3}$/.test(String(status))) unknown.push('status must be a number of three digits');
  const query = Object.keys(take(KEYS.query) ?? {});
  const conditions = Object.keys(take(['conditions']) ?? {});
  if (take(KEYS.signed) !== undefined) conditions.push('signed');
  return {
    ...rule,
    from: typeof from === 'string' ? from.trim() : '',
    ...(typeof to === 'string' && { to: to.trim() }),
    ...(status !== undefined && { status: Number(status) }),
    query,
    conditions,
    unknown: [...unknown, ...[...fields.keys()].map((name) => `${name} has no counterpart in a link`)],
  };
}
