/**
 * Who answers in a file where the first matching line wins.
 *
 * Sources are whole segments with an optional wildcard at the end, so two of them are either apart or one holds all of the other: a line
 * never answers when an earlier one holds it. Once those are gone, what is left of any pair stands in the order narrow before wide, and the
 * longest match gives the same answer as the first.
 */
export interface Source {
  /** Canonical, as in slugs. `undefined` matches any one segment (a `:placeholder`). */
  segments: (string | undefined)[];
  /** Whether it answers everything below as well as itself (a trailing `*`). */
  wildcard: boolean;
}

interface Node {
  below: Map<string | undefined, Node>;
  exact?: number;
  wildcard?: number;
}

interface FirstMatch {
  /** The line that answers before this source ever could, if there is one. */
  before(source: Source): number | undefined;
  /** Lines are added from the top of the file down. */
  add(source: Source, line: number): void;
}

export function createFirstMatch(): FirstMatch {
  const root: Node = { below: new Map() };
  return {
    before(source) {
      let nodes = [root];
      const lines = [root.wildcard];
      for (const segment of source.segments) {
        nodes = nodes
          .flatMap((node) => [...(segment === undefined ? [] : [node.below.get(segment)]), node.below.get(undefined)])
          .filter((node) => node !== undefined);
        lines.push(...nodes.map((node) => node.wildcard));
      }
      if (!source.wildcard) lines.push(...nodes.map((node) => node.exact));
      return lines.reduce(
        (first, line) => (line !== undefined && line < (first ?? Infinity) ? line : first),
        undefined,
      );
    },
    add(source, line) {
      let node = root;
      for (const segment of source.segments) {
        const next = node.below.get(segment) ?? { below: new Map() };
        node.below.set(segment, next);
        node = next;
      }
      if (source.wildcard) node.wildcard ??= line;
      else node.exact ??= line;
    },
  };
}
