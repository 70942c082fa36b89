/**
 * Node's own modules, as bundles load them.
 *
 * An ES module's `import` of one of them reads every export of it, though one is named; some are getters that load half of Node. These are handed out as
 * `process.getBuiltinModule` has them, and only what is named is read. By `node --input-type=module -e "await import('node:http')"`, between two readings of the
 * clock, it takes 21 ms with `node:http`, 4 with `node:process`, 2 with `node:fs` and `node:util`, and a fraction of one with the others, which stay as they are.
 */
import type { Plugin } from 'esbuild';

const COSTLY = /^(?:node:)?(fs|http|process|util)$/;
/** Whose imports count before the first request. Other packages come later, with the SDKs that need them. */
const EARLY = /^(?!.*[\\/]node_modules[\\/])|[\\/]node_modules[\\/]@hono[\\/]/;

export const builtinModules: Plugin = {
  name: 'builtin-modules',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: COSTLY }, ({ kind, path, importer }) =>
      kind === 'import-statement' && EARLY.test(importer)
        ? { path: path.replace(COSTLY, 'node:$1'), namespace: 'builtin', sideEffects: false }
        : undefined,
    );
    onLoad({ filter: /.*/, namespace: 'builtin' }, ({ path }) => ({ contents: exportsOf(path), loader: 'js' }));
  },
};

/** Marked as free of effects, so that what nobody names is neither kept nor read. */
function exportsOf(name: string): string {
  const names = Object.keys(process.getBuiltinModule(name) ?? {}).filter((each) => /^[A-Za-z_]\w*$/.test(each));
  return [
    `const $module = /* @__PURE__ */ process.getBuiltinModule(${JSON.stringify(name)});`,
    'const $read = (name) => $module[name];',
    'export default $module;',
    ...names
      .filter((each) => each !== 'default')
      .map((each) => `export const ${each} = /* @__PURE__ */ $read('${each}');`),
  ].join('\n');
}

/**
 * Hono's adapter for Node asks of each request whether it came by HTTP/2, and to have something to compare it with loads Node's whole HTTP/2, which takes 17 ms.
 * Functions are served by HTTP/1.1 alone: no request is one of these.
 */
export const noHttp2: Plugin = {
  name: 'no-http2',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:http2$/ }, ({ importer }) =>
      /[\\/]@hono[\\/]node-server[\\/]/.test(importer) ? { path: 'node:http2', namespace: 'no-http2' } : undefined,
    );
    onLoad({ filter: /.*/, namespace: 'no-http2' }, () => ({
      contents: 'export class Http2ServerRequest {} export const constants = { NGHTTP2_NO_ERROR: 0 };',
      loader: 'js',
    }));
  },
};
