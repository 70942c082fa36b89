import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { COMMON_JS_NAMES, withoutIdleNames } from './common-js-names.ts';

const withNames = (code: string) => `${COMMON_JS_NAMES}\n${code}`;

describe("CommonJS' names at the head of a file", () => {
  for (const code of [
    'require("fs")',
    'x=require.resolve("a")',
    'join(__dirname,"a")',
    'f(__filename)',
    '[require]',
    '[...require("a")]',
  ])
    it(`stay where one is used: ${code}`, () => {
      assert.equal(withoutIdleNames(withNames(code)), withNames(code));
    });

  for (const code of ['a.require("fs")', '__require("fs")', 'required()', '$require()', 'x.__dirname'])
    it(`go where none is, and every line stays where it was: ${code}`, () => {
      assert.equal(withoutIdleNames(withNames(code)), `\n${code}`);
    });
});
