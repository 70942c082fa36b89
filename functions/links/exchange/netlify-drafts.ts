/**
 * Turns a Netlify file's rules into links that answer as the file does.
 *
 * There the first matching line answers, here the longest match: a line that an earlier one holds whole is left out and named, and what
 * remains agrees (see first-match.ts). There both forms of a path, with and without a trailing slash, are one and letters' case counts,
 * whatever the domain says: an exact rule makes two links where the domain tells the forms apart, and a rule whose other spellings
 * belong to another line is named where the domain ignores case.
 */
import type { Domain } from '#shared/links/records.ts';
import { parseSlug } from '#shared/links/slug.ts';
import type { Draft, Parsed, Problem } from './draft.ts';
import { createFirstMatch } from './first-match.ts';
import { judge, type NetlifyRule } from './netlify-rule.ts';

export function netlifyDrafts(rules: readonly NetlifyRule[], domain: Domain, base: string | undefined): Parsed {
  const first = createFirstMatch();
  const kept = new Map<number, Draft>();
  const problems: Problem[] = [];
  for (const rule of rules) {
    const { source, draft, reason } = judge(rule, { host: domain.host, ...(base !== undefined && { base }) });
    const before = source && first.before(source);
    if (source) first.add(source, rule.line);
    const problem = reason ?? (draft && before !== undefined ? shadowed(draft, before, kept.get(before)) : undefined);
    if (problem) problems.push({ line: rule.line, text: rule.text, reason: problem });
    else if (draft) kept.set(rule.line, draft);
  }
  const drafts = [...kept.values()];
  if (domain.case === 'insensitive') problems.push(...otherSpellings(drafts, domain));
  return {
    drafts: domain.trailingSlash === 'ignore' ? drafts : drafts.flatMap(bothForms),
    problems: problems.sort((a, b) => a.line - b.line),
  };
}

function shadowed(draft: Draft, line: number, earlier: Draft | undefined): string {
  const same = (field: 'slug' | 'match' | 'target' | 'status' | 'rest') => earlier?.row[field] === draft.row[field];
  return same('slug') && same('match') && same('target') && same('status') && same('rest')
    ? `repeats line ${line}`
    : `never reached: line ${line} answers first`;
}

/** Rules within a prefix: in the file, a path that differs from theirs in case alone is the prefix's to answer. */
function otherSpellings(drafts: readonly Draft[], domain: Domain): Problem[] {
  const keyOf = (draft: Draft) => parseSlug(draft.row.slug, domain, draft.row.match).key;
  const prefixes = new Map(
    drafts.filter((draft) => draft.row.match === 'prefix').map((draft) => [keyOf(draft), draft.line]),
  );
  return drafts.flatMap((draft) => {
    if (draft.row.slug.toLowerCase() === draft.row.slug.toUpperCase()) return [];
    const segments = keyOf(draft).split('/');
    const above = draft.row.match === 'exact' ? segments.length : segments.length - 1;
    for (let depth = above; depth >= 0; depth--) {
      const line = prefixes.get(segments.slice(0, depth).join('/') || '/');
      if (line === undefined || line === draft.line) continue;
      const reason = `goes in, but also answers other spellings of its letters' case, which in the file line ${line} answers`;
      return { line: draft.line, text: draft.text, reason };
    }
    return [];
  });
}

function bothForms(draft: Draft): Draft[] {
  const { match, slug } = draft.row;
  return match === 'prefix' || slug === '/' ? [draft] : [draft, { ...draft, row: { ...draft.row, slug: `${slug}/` } }];
}
