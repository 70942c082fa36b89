/**
 * For tests: a plain reading of how a Netlify file answers, the first matching line from the top, for files of fixed paths and trailing
 * wildcards. It shares no code with the import, so that the two can be held against each other.
 */
export interface ModelRule {
  line: number;
  from: string;
  to: string;
  status: number;
}

interface ModelAnswer {
  line: number;
  location: string;
  status: number;
}

/** `path` starts with `/`, `query` comes without its `?`. Targets are absolute already. */
export function firstMatch(rules: readonly ModelRule[], path: string, query?: string): ModelAnswer | undefined {
  for (const { line, from, to, status } of rules) {
    const splat = splatOf(from, path);
    if (splat !== undefined) return { line, location: locationOf(to, splat, query), status };
  }
  return undefined;
}

/** What the wildcard stands for; '' where there is none or nothing follows; undefined where the rule does not match. */
function splatOf(from: string, path: string): string | undefined {
  const bare = trimmed(from.endsWith('/*') ? from.slice(0, -1) : from);
  if (trimmed(path) === bare) return '';
  return from.endsWith('/*') && path.startsWith(`${bare}/`) ? path.slice(bare.length + 1) : undefined;
}

const trimmed = (path: string): string => (path.endsWith('/') ? path.slice(0, -1) : path);

function locationOf(to: string, splat: string, query: string | undefined): string {
  const url = to.replace(':splat', splat);
  if (!query || url.includes('?')) return url;
  const [address, ...fragment] = url.split('#');
  return [`${address}?${query}`, ...fragment].join('#');
}
