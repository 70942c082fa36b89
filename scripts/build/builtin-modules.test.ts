import assert from 'node:assert/strict';
import { createServer, STATUS_CODES } from 'node:http';
import { describe, it } from 'node:test';
import { format, styleText } from 'node:util';
import { build } from 'esbuild';
import { builtinModules } from './builtin-modules.ts';

async function bundled(contents: string): Promise<{ code: string; exported: string[] }> {
  const { outputFiles, metafile } = await build({
    stdin: { contents, resolveDir: import.meta.dirname },
    bundle: true,
    platform: 'node',
    format: 'esm',
    minify: true,
    plugins: [builtinModules],
    metafile: true,
    write: false,
    logLevel: 'silent',
  });
  const exported = Object.values(metafile.outputs).flatMap((output) => output.exports);
  return { code: outputFiles[0]?.text ?? '', exported };
}

describe("Node's own modules in a bundle", () => {
  it('are what an import gives, by name, as a whole and as the default, whichever way the module is named', async () => {
    const { code } = await bundled(`
      import whole, { createServer, STATUS_CODES as codes } from 'http';
      import * as all from 'node:util';
      import { styleText } from 'util';
      export { whole, createServer, codes, styleText };
      export const format = all.format;
    `);
    assert.doesNotMatch(code, /\bfrom\b|\bimport\b/);
    const made = (await import(`data:text/javascript,${encodeURIComponent(code)}`)) as object;
    const whole = process.getBuiltinModule('node:http');
    assert.deepEqual({ ...made }, { whole, createServer, codes: STATUS_CODES, styleText, format });
  });

  it('are read for nothing that nobody names, and not at all where nothing is named', async () => {
    const { code } = await bundled(
      `import { createServer } from 'node:http'; export const parameters = createServer.length;`,
    );
    assert.deepEqual(
      [...code.matchAll(/\("(\w+)"\)/g)].map(([, name]) => name),
      ['createServer'],
    );
    assert.equal((await bundled(`import { createServer } from 'node:http'; import 'node:fs';`)).code, '');
  });

  for (const name of ['fs', 'http', 'process', 'util'])
    it(`have every name that an import has: ${name}`, async () => {
      const all = Object.keys((await import(`node:${name}`)) as object);
      const { exported } = await bundled(`export { ${all.join(', ')} } from 'node:${name}';`);
      assert.deepEqual(exported.sort(), all.sort());
    });

  it('are refused where they lack a name', async () => {
    await assert.rejects(bundled(`import { createSever } from 'node:http'; createSever();`), /createSever/);
  });
});
