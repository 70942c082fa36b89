/**
 * OpenTelemetry's table of names, of which its tracer uses a dozen and Google's libraries, which `require` it, all. Left to itself esbuild gives both the same ES
 * module, so the first span would wait for 40 KiB of names to be loaded; Node would give the latter its CommonJS form, and so does this.
 */
import { createRequire } from 'node:module';
import type { Plugin } from 'esbuild';

export const semanticConventions: Plugin = {
  name: 'semantic-conventions',
  setup({ onResolve }) {
    onResolve({ filter: /^@opentelemetry\/semantic-conventions$/ }, ({ kind, path, importer }) =>
      kind === 'require-call' ? { path: createRequire(importer).resolve(path) } : undefined,
    );
  },
};
