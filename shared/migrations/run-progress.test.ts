import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { guardAgainstLeaks } from '../testing/leak-guard.ts';
import type { RunRecord } from './run.ts';
import { createRig, someFiles } from './runner-rig.ts';
import type { ServerProgress } from './session.ts';

guardAgainstLeaks();

const BACKFILL = '-- +job backfill orders by id\nupdate orders set a = 1 where true /* +job page */';

function rigOf(files: Record<string, string> = someFiles(2)) {
  const rig = createRig(files);
  /** Of the step under way. */
  const now = async (id: string): Promise<RunRecord['progress'][number]> =>
    (await rig.runs.get(id))?.progress.at(-1) ?? { version: '', name: '', direction: 'up' };
  return { ...rig, now };
}

describe('what is likely to cost more than it may', () => {
  it('is refused before it begins, with both figures, and nothing is marked', async () => {
    const rig = rigOf();
    rig.database.price = 1.5;
    const run = await rig.process().run(await rig.begin({ command: 'up' }, { maxCostUsd: 0.5 }));
    assert.deepEqual([run.state, run.error?.code, run.error?.version], ['failed', 'migration_refused', '1']);
    assert.match(run.error?.detail ?? '', /likely to cost 1\.5 US dollars, and this run may spend 0\.5 on/);
    assert.deepEqual([rig.database.effects, rig.database.state.dirty], [[], false]);
    const paid = await rig.process().run(await rig.begin({ command: 'up' }, { maxCostUsd: 1.5 }));
    assert.deepEqual([paid.state, rig.database.estimates], ['done', 3]);
  });

  it('is not asked for where nothing is to be spared', async () => {
    const rig = rigOf();
    rig.database.price = 1_000;
    const run = await rig.process().run(await rig.begin({ command: 'up' }));
    assert.deepEqual([run.state, rig.database.estimates], ['done', 0]);
  });
});

describe('the progress of a step in pages', () => {
  it('tells the rows of all and the time that is left, by one estimate for all its processes', async () => {
    const rig = rigOf({ '1_fill.up.sql': BACKFILL });
    rig.database.pages['up 1'] = 40;
    const id = await rig.begin({ command: 'up' });
    const seen: (number | undefined)[][] = [];
    rig.database.inPage = async () => {
      await rig.clock.sleep(1_000);
      const { pages, rows, rowsTotal, etaMs } = await rig.now(id);
      if (pages !== undefined) seen.push([pages, rows, rowsTotal, Math.round((etaMs ?? 0) / 1_000)]);
    };
    let run = await rig.process().run(id, { seq: 0, isLast: false, budgetMs: 30_000 });
    assert.equal(run.state, 'queued');
    while (run.state === 'queued')
      run = await rig.process().run(id, { seq: run.seq ?? 0, isLast: false, budgetMs: 30_000 });
    assert.deepEqual([run.state, rig.database.estimates], ['done', 1]);
    for (const [pages = 0, rows, total, seconds = 0] of seen) {
      assert.deepEqual([rows, total], [pages * 10, 400]);
      assert.ok(Math.abs(seconds - (40 - pages)) <= 1 || pages === 40, `${seconds} s are left after page ${pages}`);
    }
    assert.ok(seen.length > 20);
    const [entry] = run.progress;
    assert.deepEqual([entry?.pages, entry?.rows, entry?.rowsTotal, entry?.etaMs], [40, 400, 400, undefined]);
  });

  it('counts from where another run left it', async () => {
    const rig = rigOf({ '1_fill.up.sql': BACKFILL });
    rig.database.pages['up 1'] = 20;
    const first = await rig.begin({ command: 'up' });
    rig.database.inPage = (page) => (page === 5 ? rig.runs.cancel(first) : rig.clock.sleep(1_100));
    await rig.process().run(first);
    rig.database.inPage = () => rig.clock.sleep(1_100);
    const run = await rig.process().run(await rig.begin({ command: 'up' }));
    assert.deepEqual([run.progress[0]?.rows, run.progress[0]?.rowsTotal], [200, 200]);
  });
});

describe('the progress of a long statement', () => {
  it('is what the database tells every two seconds, with the time that is left, and nothing of it once it is over', async () => {
    const rig = rigOf();
    const id = await rig.begin({ command: 'up', steps: 1 });
    let asked = 0;
    const answers: ServerProgress[] = [
      { phase: 'scanning', done: 0, total: 100 },
      { phase: 'scanning', done: 20, total: 100 },
      { phase: 'waiting for writers' },
      { phase: 'sorting', done: 5, total: 10 },
    ];
    rig.database.tells = async () => answers[asked++];
    const seen: unknown[] = [];
    rig.database.meanwhile = async () => {
      for (let turn = 0; turn < 5; turn++) {
        await rig.clock.sleep(2_100);
        const { phase, rows, rowsTotal, etaMs } = await rig.now(id);
        seen.push([phase, rows, rowsTotal, etaMs === undefined ? undefined : Math.round(etaMs / 1_000)]);
      }
    };
    const run = await rig.process().run(id);
    assert.deepEqual(seen, [
      ['scanning', 0, 100, undefined],
      ['scanning', 20, 100, 8],
      ['waiting for writers', undefined, undefined, undefined],
      ['sorting', 5, 10, undefined],
      [undefined, undefined, undefined, undefined],
    ]);
    assert.deepEqual(Object.keys(run.progress[0] ?? {}).sort(), ['direction', 'ms', 'name', 'version']);
    const count = asked;
    await rig.clock.advance(60_000);
    assert.equal(asked, count, 'nobody asks any more');
  });

  it('is asked for by one question at a time, and fails nothing, whatever becomes of the answer', async () => {
    const rig = rigOf();
    const id = await rig.begin({ command: 'up', steps: 1 });
    let asked = 0;
    rig.database.tells = async () => {
      if (++asked === 1) throw new Error('cut off');
      // The second never comes.
      return new Promise(() => undefined);
    };
    rig.database.meanwhile = () => rig.clock.sleep(60_000);
    const run = await rig.process().run(id);
    assert.deepEqual([run.state, asked], ['done', 2]);
  });
});
