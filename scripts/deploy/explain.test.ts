import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MANIFEST } from '#functions/manifest.ts';
import { runToEnd } from '../../test/support/hawker.ts';
import { explain } from './explain.ts';
import { planOf } from './plan.ts';
import { FULL, OPTIONS } from './testing.ts';

const SCRIPT = new URL('../deploy.ts', import.meta.url).pathname;
const asked = (...args: string[]) => runToEnd({ script: SCRIPT, args: ['explain', ...args] });

describe('explain', () => {
  for (const row of MANIFEST)
    it(`tells each right that the plan gives ${row.name}, why, and how it is taken away`, () => {
      const { rights, touches, account } = explain(row, FULL);
      const planned = planOf(MANIFEST, FULL).filter(({ kind, of }) => kind === 'role' && of.includes(row.name));
      assert.deepEqual(
        rights.map(({ id }) => id),
        planned.map(({ id }) => id),
      );
      for (const { id, why, remove } of rights) {
        assert.ok(why.length > 10, id);
        assert.ok(remove.length > 0, id);
        for (const command of remove)
          assert.match(command, /^gcloud .*(?:remove-iam-policy-binding| --invoker-iam-check)/, id);
      }
      assert.match(account, /^hawker-[a-z-]+@demo-1\.iam\.gserviceaccount\.com$/);
      const named = touches.flatMap(({ which }) => which);
      const declared = [...Object.keys(row.store), ...row.publishes, ...row.secrets, ...row.google];
      for (const name of declared) assert.ok(named.includes(name), name);
    });

  it('leaves nothing of a function that the plan binds to it untold by what it may reach', () => {
    const [shop] = MANIFEST.filter(({ name }) => name === 'migration-runs');
    assert.ok(shop);
    const of = (options: typeof OPTIONS) =>
      explain(shop, options).touches.find(({ what }) => what === 'connects to')?.which ?? [];
    assert.deepEqual(of(OPTIONS), []);
    assert.deepEqual(of(FULL), ['Cloud SQL instance shop', 'the database that SHOP_URL names']);
  });

  it('works without a project, and then names none', async () => {
    const { code, stdout, stderr } = await asked('redirects');
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^redirects: .*\nIt runs on requests\. Who may call it: anyone/);
    assert.match(stdout, /gcloud projects remove-iam-policy-binding your-project /);
  });

  it('answers programs with JSON', async () => {
    const { code, stdout } = await asked('clicks', '--json', '--project=demo-1', '--region=asia-southeast1');
    assert.equal(code, 0);
    const told = JSON.parse(stdout) as { function: string; rights: { id: string }[] };
    assert.equal(told.function, 'clicks');
    assert.ok(told.rights.some(({ id }) => id === 'role/push/run.invoker/clicks'));
  });

  it('says which functions there are where there is none of that name', async () => {
    const { code, stderr } = await asked('buses');
    assert.equal(code, 2);
    assert.match(stderr, /there is no function "buses"; there are redirects, links, /);
    assert.equal((await asked()).code, 2);
  });
});
