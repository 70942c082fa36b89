import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { systemClock } from '../clock.ts';
import { isAppError } from '../errors.ts';
import { openDatabase } from '../sqlite/database.ts';
import { createFakeClock } from '../testing/fake-clock.ts';
import { withShorthands } from './index.ts';
import { createSqliteDriver } from './sqlite.ts';
import { storeContract } from './store.contract.ts';

const folder = mkdtempSync(join(tmpdir(), 'hawker-store-'));
const database = openDatabase(join(folder, 'contract.db'));
after(() => {
  database.close();
  rmSync(folder, { recursive: true, force: true });
});

storeContract({
  name: 'SQLite',
  open: async () => withShorthands(createSqliteDriver(database, systemClock)),
  lossy: 'no answer crosses a network',
});

describe('SQLite store', () => {
  it('removes expired documents with a later commit, a batch at a time, and keeps the others', async () => {
    const swept = openDatabase(join(folder, 'sweep.db'));
    const clock = createFakeClock();
    const store = withShorthands(createSqliteDriver(swept, clock));
    const count = () => swept.get<{ n: number }>("SELECT count(*) AS n FROM documents WHERE collection = 'c'")?.n;
    const soon = new Date(clock.now() + 1_000);
    await store.commit(
      Array.from({ length: 300 }, (_, n) => ({ op: 'create', collection: 'c', id: `${n}`, value: {}, expireAt: soon })),
    );
    await store.create('c', 'later', {}, { expireAt: new Date(clock.now() + 3_600_000) });
    await store.create('c', 'ever', {});
    await clock.advance(61_000);
    assert.equal(count(), 302);
    await store.create('other', 'a', {});
    assert.equal(count(), 102);
    await store.create('other', 'b', {});
    assert.equal(count(), 2);
    assert.notEqual(await store.get('c', 'later'), undefined);
    swept.close();
  });

  it('numbers its commits on from those of a file that was lost, and never goes back with the clock', async () => {
    let now = Date.parse('2026-01-01T00:00:00Z');
    const clock = { ...systemClock, now: () => now };
    const opened = (file: string) => {
      const fresh = openDatabase(join(folder, file));
      return { fresh, store: withShorthands(createSqliteDriver(fresh, clock)) };
    };
    const first = opened('first.db');
    const orders = [];
    for (const at of [now, now - 3_600_000, now + 1])
      for (let n = 0; n < 3; n++) {
        now = at;
        orders.push(first.store.orderOf(await first.store.create('c', `${orders.length}`, {})));
      }
    first.fresh.close();
    const second = opened('second.db');
    now += 1;
    orders.push(second.store.orderOf(await second.store.create('c', 'a', {})));
    // A clock gone mad takes no number that is not exact.
    now = Number.MAX_SAFE_INTEGER;
    for (const id of ['b', 'c']) orders.push(second.store.orderOf(await second.store.create('c', id, {})));
    assert.deepEqual(
      orders,
      [...new Set(orders)].toSorted((a, b) => a - b),
    );
    assert.equal((await second.store.get('c', 'c'))?.version, String(orders.at(-1)));
    second.fresh.close();
  });

  it('keeps every document it acknowledged before a kill -9, and whole commits only', async () => {
    const path = join(folder, 'killed.db');
    const child = runStore(
      path,
      `for (let n = 0; ; n++) {
         await store.commit([
           { op: 'create', collection: 'left', id: String(n), value: { n } },
           { op: 'create', collection: 'right', id: String(n), value: { n } },
         ]);
         writeSync(1, n + '\\n');
       }`,
    );
    let printed = '';
    for await (const chunk of child.stdout) {
      printed += chunk;
      if (printed.split('\n').length > 50) child.kill('SIGKILL');
    }
    const acknowledged = printed.split('\n').slice(0, -1);
    assert.ok(acknowledged.length >= 50);
    assert.equal(child.signalCode ?? (await once(child, 'exit'))[1], 'SIGKILL');

    const survived = openDatabase(path);
    const store = withShorthands(createSqliteDriver(survived, systemClock));
    const left = await store.getMany('left', acknowledged);
    assert.equal(left.includes(undefined), false);
    const ids = async (collection: string) =>
      (await store.list(collection, { limit: 1_000 })).docs.map((doc) => doc.id);
    assert.deepEqual(await ids('left'), await ids('right'));
    survived.close();
  });

  it('lets several processes count in one document without losing one', async () => {
    const path = join(folder, 'shared.db');
    const children = Array.from({ length: 3 }, () =>
      runStore(
        path,
        `for (let left = 40; left > 0; ) {
           const doc = await store.get('c', 'count');
           try {
             if (doc) await store.replace('c', 'count', { n: doc.value.n + 1 }, doc.version);
             else await store.create('c', 'count', { n: 1 });
             left--;
           } catch (error) {
             if (error.code !== 'conflict') throw error;
           }
         }`,
      ),
    );
    const codes = await Promise.all(children.map(async (child) => (await once(child, 'exit'))[0]));
    assert.deepEqual(codes, [0, 0, 0]);
    const counted = openDatabase(path);
    const doc = await withShorthands(createSqliteDriver(counted, systemClock)).get('c', 'count');
    assert.deepEqual(doc?.value, { n: 120 });
    counted.close();
  });

  it("waits for another connection's write without holding up this process", async () => {
    const path = join(folder, 'waiting.db');
    const [mine, other] = [openDatabase(path), openDatabase(path)];
    const store = withShorthands(createSqliteDriver(mine, systemClock));
    other.get('BEGIN IMMEDIATE');
    const waiting = [store.create('c', 'a', {}), store.check()];
    other.get('COMMIT');
    await Promise.all(waiting);
    assert.ok(await store.get('c', 'a'));
    for (const each of [mine, other]) each.close();
  });

  it('writes nothing and says so when there is no room left', async () => {
    const full = openDatabase(join(folder, 'full.db'));
    const store = withShorthands(createSqliteDriver(full, systemClock));
    await store.create('c', 'before', {});
    full.get('PRAGMA max_page_count = 20');
    const text = 'x'.repeat(200_000);
    await assert.rejects(
      store.commit([
        { op: 'create', collection: 'c', id: 'small', value: {} },
        { op: 'create', collection: 'c', id: 'big', value: { text } },
      ]),
      (error) => isAppError(error, 'storage_full'),
    );
    assert.deepEqual(
      (await store.list('c', { limit: 10 })).docs.map((doc) => doc.id),
      ['before'],
    );
    full.get('PRAGMA max_page_count = 1000000');
    await store.create('c', 'after', { text });
    full.close();
  });
});

/** A process of its own with a `store` on the file. */
function runStore(path: string, script: string) {
  const from = (file: string) => JSON.stringify(new URL(file, import.meta.url).href);
  const code = `
    import { writeSync } from 'node:fs';
    import { systemClock } from ${from('../clock.ts')};
    import { openDatabase } from ${from('../sqlite/database.ts')};
    import { withShorthands } from ${from('./index.ts')};
    import { createSqliteDriver } from ${from('./sqlite.ts')};
    const store = withShorthands(createSqliteDriver(openDatabase(${JSON.stringify(path)}), systemClock));
    ${script}`;
  const args = ['--input-type=module', '--eval', code];
  return spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'], timeout: 60_000 });
}
