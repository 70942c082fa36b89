/**
 * Reads a `_redirects` file: one rule a line, `from [name=value ...] [to] [status[!]] [condition=value ...]`, columns apart by blanks,
 * `#` beginning a comment at the start of a line or of a column.
 */
import { shown } from './draft.ts';
import type { NetlifyRule } from './netlify-rule.ts';

const DESTINATION = /^(?:\/|https?:)/i;
const STATUS = /^-?\d+!?$/;

export function readNetlifyFile(text: string): NetlifyRule[] {
  return text
    .replace(/^\uFEFF/, '')
    .split(/\r\n|\n|\r/)
    .flatMap((content, index) => {
      const columns = withoutComment(content.trim().split(/\s+/));
      return columns[0] ? ruleOf(columns, { line: index + 1, text: shown(content) }) : [];
    });
}

function withoutComment(columns: string[]): string[] {
  const comment = columns.findIndex((column) => column.startsWith('#'));
  return comment === -1 ? columns : columns.slice(0, comment);
}

function ruleOf([from = '', ...columns]: string[], place: { line: number; text: string }): NetlifyRule {
  const found = columns.findIndex((column) => DESTINATION.test(column) || STATUS.test(column));
  const before = found === -1 ? columns : columns.slice(0, found);
  const [to, ...after] = found === -1 ? [] : columns.slice(found);
  // A rule without a destination rewrites the path to itself: `/app/* 200`.
  const named = to !== undefined && DESTINATION.test(to);
  const [status, ...conditions] = named ? after : [to, ...after];
  const hasStatus = status !== undefined && STATUS.test(status);
  return {
    ...place,
    from,
    ...(named && { to }),
    ...(hasStatus && { status: Number.parseInt(status, 10) }),
    query: before.map(nameOf),
    conditions: [...(hasStatus || status === undefined ? [] : [status]), ...conditions]
      .filter((c) => c !== undefined)
      .map(nameOf),
    unknown: [],
  };
}

const nameOf = (pair: string): string => pair.split('=', 1)[0] ?? pair;
