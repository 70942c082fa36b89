/**
 * Brings what a file says into a domain. Links that are as the file says are not written, links that it does not name stay, and what
 * cannot go in is named by line. Importing again therefore changes nothing, and an import cut short is mended by another.
 */
import { setImmediate } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { type AppError, isAppError } from '#shared/errors.ts';
import { detailOf, StoppedHalfway, toAppError } from '#shared/http/problem.ts';
import { type Domain, type Link, linkDocId } from '#shared/links/records.ts';
import { parseSlug } from '#shared/links/slug.ts';
import { patched } from '../patch.ts';
import type { LinkChange, LinkFields, LinkResult, LinkWriter } from '../writer.ts';
import type { Draft, Parsed, Problem } from './draft.ts';
import { FIELDS } from './read-row.ts';

interface LinkDifference {
  line: number;
  slug: string;
  match: Link['match'];
  /** The fields that change, as they are; absent for a new link. */
  before?: Record<string, unknown>;
  after: Record<string, unknown>;
}

export interface ImportReport {
  created: number;
  updated: number;
  unchanged: number;
  /** By line. */
  problems: Problem[];
  /** Of the links made and changed, as far as they are listed. */
  changes: LinkDifference[];
}

/** Differences that a report lists; the counts are of all. */
const LISTED = 1_000;

/** Links at a time. Between two parts other requests have their turn; a dry run judges each part on what is stored and on itself. */
const PART = 500;

/** Throws what the writer throws, with what was written until then, which stays. A dry run writes nothing, and throws it as it is. */
export async function importLinks(
  writer: LinkWriter,
  domain: Domain,
  parsed: Parsed,
  options: { dryRun: boolean },
): Promise<ImportReport> {
  const { drafts, repeated } = withoutRepetitions(parsed.drafts, domain);
  const seen: (Link | undefined)[] = [];
  const changes = drafts.map(
    (draft, index): LinkChange => ({
      slug: draft.row.slug,
      match: draft.row.match,
      edit(current) {
        seen[index] = current?.value;
        return fieldsOf(draft, current?.value);
      },
    }),
  );
  const results: LinkResult[] = [];
  while (results.length < changes.length) {
    const part = changes.slice(results.length, results.length + PART);
    const onCommitted = (done: readonly LinkResult[]) => results.push(...done);
    try {
      await writer.saveLinks(domain.host, part, { ...options, onCommitted });
    } catch (error) {
      throw options.dryRun ? error : stopped(toAppError(error), results);
    }
    await setImmediate();
  }
  const report: ImportReport = {
    created: 0,
    updated: 0,
    unchanged: 0,
    problems: [...parsed.problems, ...repeated],
    changes: [],
  };
  for (const [index, draft] of drafts.entries()) {
    const result = results[index];
    if (result?.outcome === 'refused')
      report.problems.push({ line: draft.line, text: draft.text, reason: result.error.message });
    else if (result?.outcome === 'unchanged') report.unchanged++;
    else if (result?.outcome === 'created' || result?.outcome === 'changed') {
      report[result.outcome === 'created' ? 'created' : 'updated']++;
      if (report.changes.length < LISTED) report.changes.push(difference(draft, seen[index], result.doc.value));
    }
  }
  // A line that makes two links is refused twice for one reason.
  const told = new Map(report.problems.map((problem) => [`${problem.line} ${problem.reason}`, problem]));
  report.problems = [...told.values()].sort((a, b) => a.line - b.line);
  return report;
}

/** Says how far an import came. A commit that may or may not have happened is not counted. */
function stopped(error: AppError, results: readonly LinkResult[]): AppError {
  const count = (wanted: LinkResult['outcome']) => results.filter(({ outcome }) => outcome === wanted).length;
  const done = { created: count('created'), updated: count('changed'), unchanged: count('unchanged') };
  const least = error.code === 'outcome_unknown' ? 'at least ' : '';
  return new StoppedHalfway(
    error,
    `${detailOf(error)}. Before that ${least}${done.created} links were created and ${done.updated} updated, ${done.unchanged} were as the file says; importing it again goes on from there`,
    done,
  );
}

/** Of two lines that come to the same link the first stays: spellings that the domain takes for one, or a file that says it twice. */
function withoutRepetitions(drafts: readonly Draft[], domain: Domain): { drafts: Draft[]; repeated: Problem[] } {
  const lines = new Map<string, number>();
  const repeated: Problem[] = [];
  const kept = drafts.filter(({ row, line, text }) => {
    const id = idOf(row.slug, row.match, domain);
    const first = id === undefined ? undefined : lines.get(id);
    if (first !== undefined) repeated.push({ line, text, reason: `is the same link as line ${first}, which stays` });
    else if (id !== undefined) lines.set(id, line);
    return first === undefined;
  });
  return { drafts: kept, repeated };
}

/** Undefined for what is no slug; why, the writer says. */
function idOf(slug: string, match: Link['match'], domain: Domain): string | undefined {
  try {
    return linkDocId(domain.host, parseSlug(slug, domain, match).key, match);
  } catch (error) {
    if (isAppError(error)) return undefined;
    throw error;
  }
}

function fieldsOf({ row, forwarded }: Draft, current: Link | undefined): LinkFields {
  const { slug: _slug, match: _match, ...said } = row;
  const query = forwarded && current?.query === 'off' ? { query: null } : {};
  return patched(current ?? ({ target: row.target } as Link), { ...said, ...query });
}

/** What would change, field by field; `null` stands for none. */
function difference({ line }: Draft, before: Link | undefined, after: Link): LinkDifference {
  const { slug, match } = after;
  const fields = FIELDS.filter((field) => !isDeepStrictEqual(before?.[field], after[field]));
  const of = (link: Link) => Object.fromEntries(fields.map((field) => [field, link[field] ?? null]));
  return { line, slug, match, ...(before && { before: of(before) }), after: of(after) };
}
