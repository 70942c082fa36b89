/** Modules that read files of the project. A bundle is alone where it runs, so it holds what they read. */
import { type Plugin, transform } from 'esbuild';
import { readAssetTexts } from '#functions/bus/page/asset-texts.ts';
import { VERSION } from '#shared/telemetry/version.ts';
import { readScriptTexts } from '../local/console/script-texts.ts';

/** Browsers' scripts, made smaller. */
async function minified(texts: Record<string, string>): Promise<Record<string, string>> {
  const made = Object.entries(texts).map(async ([file, text]) => {
    const { code } = await transform(text, { minify: true, target: 'es2022' });
    return [file, code];
  });
  return Object.fromEntries(await Promise.all(made));
}

const REPLACED: [module: RegExp, contents: () => Promise<string>][] = [
  [
    /[\\/]bus[\\/]page[\\/]asset-texts\.ts$/,
    async () => `export const readAssetTexts = () => (${JSON.stringify(await minified(readAssetTexts()))});`,
  ],
  [
    /[\\/]local[\\/]console[\\/]script-texts\.ts$/,
    async () => `export const readScriptTexts = () => (${JSON.stringify(await minified(readScriptTexts()))});`,
  ],
  [/[\\/]telemetry[\\/]version\.ts$/, async () => `export const VERSION = ${JSON.stringify(VERSION)};`],
];

export const readWhenBuilt: Plugin = {
  name: 'read-when-built',
  setup({ onLoad }) {
    for (const [filter, contents] of REPLACED)
      onLoad({ filter }, async () => ({ contents: await contents(), loader: 'js' }));
  },
};
