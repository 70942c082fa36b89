/** What CommonJS packages inside an ES module still call: `require`, `__filename` and `__dirname`. */

/** One line, for the head of each file of a bundle. */
export const COMMON_JS_NAMES = [
  `import { createRequire as hawkerRequire } from 'node:module';`,
  `import { fileURLToPath as hawkerPath } from 'node:url';`,
  `const require = hawkerRequire(import.meta.url), __filename = hawkerPath(import.meta.url), __dirname = hawkerPath(new URL('.', import.meta.url));`,
].join(' ');

/** Not as part of another name, nor as a property; what is spread has dots before it too. */
const USES_ONE = /(?<![\w$]|(?<!\.\.)\.)(?:require|__filename|__dirname)\b/;

/** The same file without the names that it does not use, which cost each file a fraction of a millisecond at the start. Its lines stay where source maps have them. */
export function withoutIdleNames(code: string): string {
  if (!code.startsWith(COMMON_JS_NAMES)) return code;
  const rest = code.slice(COMMON_JS_NAMES.length);
  return USES_ONE.test(rest) ? code : rest;
}
