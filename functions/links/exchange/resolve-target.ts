/**
 * A target as a file writes it, made absolute: byte for byte where it is absolute already, a path at the origin of `base`. What is wrong with
 * an absolute one is for the writer of links to say.
 */
export function resolveTarget(target: string, base: string | undefined): { url: string } | { reason: string } {
  if (target.startsWith('//')) return { reason: 'has a target with a host and no scheme' };
  if (!target.startsWith('/')) return { url: target };
  if (base === undefined) return { reason: 'has a relative target, and no base was given to resolve it' };
  return { url: `${new URL(base).origin}${target}` };
}
