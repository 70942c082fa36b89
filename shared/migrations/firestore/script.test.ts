import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isAppError } from '../../errors.ts';
import { bundleOf, scriptOf } from '../bundle.ts';
import { loadScript, queryKey } from './script.ts';

const load = (text: string) => loadScript(scriptOf('1_a.up.ts', text));

describe('a migration of documents', () => {
  it('is read from its text, types and all', async () => {
    const script = await load(`
      import { createHash } from 'node:crypto';
      import type { ZodType } from 'zod';
      interface Stall { name: string }
      const sum = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 4);
      export default {
        collection: 'stalls', where: [['open', '==', true]], batch: 7, perSecond: 20,
        change: ({ data }: { data: Stall }) => ({ set: { sum: sum(data.name) } }),
      };`);
    assert.deepEqual(
      [script?.collection, script?.batch, script?.perSecond, script?.where],
      ['stalls', 7, 20, [['open', '==', true]]],
    );
    assert.deepEqual(script?.change({ data: { name: 'x' } }, {}), { set: { sum: '2d71' } });
  });

  it('goes by 400 documents, 500 a second, where it does not say', async () => {
    const script = await load("export default { collectionGroup: 'stalls', change() {} }");
    assert.deepEqual([script?.batch, script?.perSecond, script?.where], [400, 500, []]);
  });

  it('is none where there is not a word of code', async () => {
    for (const text of ['', ' \n', '// nothing; yet\n/* export */']) assert.equal(await load(text), undefined);
  });

  it('has its directives behind //, and is known by where it goes alone', async () => {
    const { migrations } = bundleOf({
      '20260101120000_add_slug.up.ts': "// +job irreversible\nexport default { collection: 'a', change() {} }",
      '20260101120000_add_slug.down.ts': '',
    });
    const [{ up, down } = {}] = migrations;
    assert.deepEqual([up?.directives.irreversible, down?.directives.irreversible], [true, false]);
    const [one, other] = await Promise.all([
      load("export default { collection: 'a', batch: 3, change() {} }"),
      load("export default { collection: 'a', change: () => 'delete' }"),
    ]);
    assert.ok(one && other);
    assert.equal(queryKey(one), queryKey(other));
  });

  const refused: [what: string, text: string, says: RegExp][] = [
    ['imports a package', "import { z } from 'zod';\nexport default {}", /imports zod.*stands by itself/],
    ['imports its neighbour', "import x from './x.ts';\nexport default x", /imports \.\/x\.ts/],
    ['exports its neighbour', "export { default } from '../x.ts'", /imports \.\.\/x\.ts/],
    ['imports by an address', "import x from 'file:///etc/hostname';\nexport default x", /imports file:/],
    ['imports for its effect', "import 'zod';\nexport default {}", /imports zod/],
    ['imports later', "export default { collection: 'a', change: () => import('zod') }", /imports zod/],
    ['is no TypeScript', 'export default {', /1_a\.up\.ts: it cannot be loaded: .*eof/],
    ['has types that cannot be stripped', 'enum A { B }\nexport default A', /enum is not supported/],
    ['throws as it is loaded', "throw new Error('no tea')", /cannot be loaded: no tea/],
    ['exports nothing', 'export const collection = 1', /must export default an object/],
    ['exports a function', 'export default () => 1', /must export default an object/],
    ['has no collection', 'export default { change() {} }', /either collection or collectionGroup/],
    ['has both', "export default { collection: 'a', collectionGroup: 'b', change() {} }", /either collection or/],
    [
      'names a document',
      "export default { collection: 'a/b', change() {} }",
      /collection: must be a collection's path/,
    ],
    ['has no change', "export default { collection: 'a' }", /change: must be a function/],
    [
      'asks for a range',
      "export default { collection: 'a', where: [['n', '>', 1]], change() {} }",
      /where\.0\.1: must be ==, in/,
    ],
    ['has pages of none', "export default { collection: 'a', batch: 0, change() {} }", /batch: /],
    ['has pages beyond a commit', "export default { collection: 'a', batch: 500, change() {} }", /batch: .*499/],
    ['is too fast', "export default { collection: 'a', perSecond: 1e6, change() {} }", /perSecond: /],
    ['has a field that nobody knows', "export default { collection: 'a', change() {}, colection: 1 }", /colection/],
    [
      'has a directive for SQL',
      "// +job statement-timeout 5s\nexport default { collection: 'a', change() {} }",
      /only irreversible/,
    ],
  ];
  for (const [what, text, says] of refused)
    it(`is refused where it ${what}`, async () => {
      await assert.rejects(load(text), (error) => {
        assert.ok(isAppError(error, 'migration_failed'), String(error));
        assert.match(error.message, says);
        assert.match(error.message, /^1_a\.up\.ts: /);
        assert.doesNotMatch(error.message, /data:text/);
        return true;
      });
    });
});
