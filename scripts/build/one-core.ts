/**
 * All that a function needs before its first request in one file.
 *
 * esbuild puts two modules into one chunk only where the same entries reach both, and every `await import()` makes an entry: what a function needs at its start
 * would be cut into as many files as there are ways to share it with what comes later, and each file costs a start a fraction of a millisecond. So whatever is
 * imported later imports the core first, which by then is there: every entry reaches all of the core, and it stays in one piece.
 */
import { join, relative } from 'node:path';
import type { Plugin } from 'esbuild';

/** What the entry imports it as. */
export const CORE = 'hawker:core';

/** `core` is TypeScript, and its imports are those of a file in `root`. It must not wait at its top level: what is imported meanwhile would wait for it in turn. What is imported later has no default export, as nothing here has. */
export function oneCore(root: string, core: string): Plugin {
  return {
    name: 'one-core',
    setup({ onResolve, onLoad, resolve }) {
      onResolve({ filter: new RegExp(`^${CORE}$`) }, () => ({ path: 'core', namespace: 'core' }));
      onLoad({ filter: /.*/, namespace: 'core' }, () => ({ contents: core, loader: 'ts', resolveDir: root }));
      onResolve({ filter: /\.ts$/ }, async ({ kind, path, importer, resolveDir }) => {
        if (kind !== 'dynamic-import') return undefined;
        const found = await resolve(path, { kind: 'import-statement', importer, resolveDir });
        if (found.errors.length > 0) return { errors: found.errors };
        return { path: relative(root, found.path), namespace: 'later' };
      });
      onLoad({ filter: /.*/, namespace: 'later' }, ({ path }) => ({
        contents: `import '${CORE}'; export * from ${JSON.stringify(join(root, path))};`,
        loader: 'ts',
        resolveDir: root,
      }));
    },
  };
}
