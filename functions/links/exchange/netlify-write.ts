/**
 * Writes a domain's links as a `_redirects` file or a `netlify.toml`, in an order in which the first match is the longest: deep before
 * shallow, exact before prefix. What a rule cannot say stands in comments at the head, by slug, with the reason.
 */
import type { Domain, Link } from '#shared/links/records.ts';
import { parseSlug } from '#shared/links/slug.ts';
import { express, sourceOf, type WrittenRule } from './netlify-express.ts';

export function writeNetlifyFile(links: readonly Link[], domain: Domain): string {
  const { head, rules } = arranged(links, domain);
  return [...head, ...rules.map(({ from, to, status }) => `${from} ${to} ${status}`), ''].join('\n');
}

export function writeNetlifyToml(links: readonly Link[], domain: Domain): string {
  const { head, rules } = arranged(links, domain);
  const tables = rules.map(
    ({ from, to, status }) =>
      `\n[[redirects]]\n  from = ${JSON.stringify(from)}\n  to = ${JSON.stringify(to)}\n  status = ${status}`,
  );
  return [...head, ...tables, ''].join('\n');
}

function arranged(links: readonly Link[], domain: Domain): { head: string[]; rules: WrittenRule[] } {
  const modes = { case: domain.case, trailingSlash: 'ignore' } as const;
  const ordered = links
    .map((link) => ({ link, ...parseSlug(link.slug, modes, link.match) }))
    .sort((a, b) => b.depth - a.depth || rankOf(a.link) - rankOf(b.link) || (a.key < b.key ? -1 : 1));
  const rules = new Map<string, WrittenRule>();
  const left: string[] = [];
  for (const { link } of ordered) {
    const written = express(link, domain);
    if (typeof written === 'string') {
      left.push(`${sourceOf(link)}: ${written}`);
      continue;
    }
    for (const rule of written) {
      const path = rule.from.replace(/\/$/, '');
      const there = rules.get(path);
      if (!there) rules.set(path, rule);
      else if (written.length === 1 && (there.to !== rule.to || there.status !== rule.status))
        left.push(`${rule.from}: answers otherwise than ${there.from}, and a rule answers both forms of a path`);
    }
  }
  return { head: headOf(links, domain, left), rules: [...rules.values()] };
}

const rankOf = ({ match }: Link): number => (match === 'exact' ? 0 : 1);

function headOf(links: readonly Link[], domain: Domain, left: readonly string[]): string[] {
  const described = links.filter(({ tags, note }) => tags.length > 0 || note !== undefined).length;
  return [
    `Redirects of ${domain.host}`,
    ...(domain.case === 'insensitive' ? ['The domain ignores the case of letters; the rules here do not.'] : []),
    ...(domain.trailingSlash === 'strict' ? ['The domain tells /a and /a/ apart; the rules here do not.'] : []),
    ...(described > 0 ? [`Tags and notes are left out (${described} of ${links.length} links).`] : []),
    ...(left.length > 0 ? [`Links left out, since a rule cannot say them (${left.length} of ${links.length}):`] : []),
    ...left.map((line) => `  ${line}`),
  ].map((line) => `# ${line}`);
}
