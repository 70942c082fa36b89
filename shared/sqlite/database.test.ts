import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { isAppError } from '../errors.ts';
import { openDatabase } from './database.ts';

const folder = mkdtempSync(join(tmpdir(), 'hawker-sqlite-'));
after(() => rmSync(folder, { recursive: true, force: true }));

describe('opening the embedded file', () => {
  it('makes folder and files private to the user', () => {
    const path = join(folder, 'new', 'data', 'hawker.db');
    const database = openDatabase(path);
    database.createTables('CREATE TABLE t (n INTEGER) STRICT');
    const mode = (of: string) => statSync(of).mode & 0o777;
    assert.deepEqual([join(folder, 'new'), join(folder, 'new/data')].map(mode), [0o700, 0o700]);
    assert.deepEqual([path, `${path}-wal`, `${path}-shm`].map(mode), [0o600, 0o600, 0o600]);
    database.close();
  });

  it('names the folder when a file is in the way', () => {
    writeFileSync(join(folder, 'file'), '');
    assert.throws(
      () => openDatabase(join(folder, 'file', 'data', 'hawker.db')),
      (error) =>
        isAppError(error, 'unavailable') &&
        error.message ===
          `cannot keep data in the folder ${join(folder, 'file', 'data')} (HAWKER_DATA): a part of that path is a file`,
    );
  });

  it('names the folder when none can be made there, at once', {
    skip: !existsSync('/proc/self') && 'there is no /proc',
  }, () => {
    assert.throws(
      () => openDatabase('/proc/no/such/hawker.db'),
      /^AppError: cannot keep data in the folder \/proc\/no\/such \(HAWKER_DATA\): no folder can be made there$/,
    );
  });

  it('names the folder when it may not be written', {
    skip: process.getuid?.() === 0 && 'root may write anywhere',
  }, () => {
    const sealed = join(folder, 'sealed');
    mkdirSync(sealed);
    chmodSync(sealed, 0o500);
    assert.throws(() => openDatabase(join(sealed, 'hawker.db')), /sealed \(HAWKER_DATA\): permission denied/);
  });

  it('says so when the file is no database', () => {
    const path = join(folder, 'text.db');
    writeFileSync(path, 'this is text and no database'.repeat(100));
    assert.throws(
      () => openDatabase(path),
      (error) => isAppError(error, 'unavailable') && error.message.includes(`${path} is not a SQLite file`),
    );
  });

  it('notices that the file is gone, or another is at its place, which SQLite does not', () => {
    const path = join(folder, 'moved', 'hawker.db');
    const database = openDatabase(path);
    database.createTables('CREATE TABLE t (n INTEGER) STRICT');
    database.assertThere();
    const isGone = (error: unknown) => isAppError(error, 'gone') && error.message.includes(path);
    renameSync(path, `${path}.away`);
    assert.throws(() => database.assertThere(), isGone);
    writeFileSync(path, '');
    assert.throws(() => database.assertThere(), isGone);
    rmSync(path);
    renameSync(`${path}.away`, path);
    database.assertThere();
    database.close();
  });

  it('writes nothing to a file that is gone, says so once, and still reads', (t) => {
    const path = join(folder, 'removed', 'hawker.db');
    const told: string[] = [];
    const database = openDatabase(path, { onGone: (which) => told.push(which) });
    database.createTables('CREATE TABLE t (n INTEGER) STRICT');
    const insert = () => database.run('INSERT INTO t VALUES (1)');
    insert();
    rmSync(join(folder, 'removed'), { recursive: true });
    const isRefused = (error: unknown) =>
      isAppError(error, 'unavailable') && /^the data folder was removed or replaced; a restart/.test(error.message);
    const later = performance.now() + 1_000;
    t.mock.method(performance, 'now', () => later);
    assert.throws(insert, isRefused);
    assert.throws(() => database.transaction(() => assert.fail('it must not begin')), isRefused);
    assert.deepEqual([told, database.gone], [[path], true]);
    assert.ok(database.snapshot(() => database.all('SELECT n FROM t')).length > 0);
    database.close();
  });

  it('looks for its file where nobody writes either, and not any more once it is closed', (t) => {
    t.mock.timers.enable({ apis: ['setInterval'] });
    const [path, other] = [join(folder, 'idle', 'hawker.db'), join(folder, 'closed', 'hawker.db')];
    const told: string[] = [];
    const onGone = (which: string) => told.push(which);
    const database = openDatabase(path, { onGone });
    openDatabase(other, { onGone }).close();
    t.mock.timers.tick(5_000);
    assert.deepEqual(told, []);
    for (const each of ['idle', 'closed']) rmSync(join(folder, each), { recursive: true });
    t.mock.timers.tick(5_000);
    t.mock.timers.tick(5_000);
    assert.deepEqual(told, [path]);
    database.close();
  });

  it('works in many processes at once, the first time too', async () => {
    const path = join(folder, 'crowd.db');
    const children = Array.from({ length: 6 }, (_, n) =>
      run(
        path,
        `database.createTables('CREATE TABLE IF NOT EXISTS t (n INTEGER) STRICT; CREATE INDEX IF NOT EXISTS i ON t (n)');
         database.transaction(() => database.run('INSERT INTO t VALUES (?)', ${n}));`,
      ),
    );
    const codes = await Promise.all(children.map(async (child) => (await once(child, 'exit'))[0]));
    assert.deepEqual(codes, [0, 0, 0, 0, 0, 0]);
    const database = openDatabase(path);
    assert.equal(database.all('SELECT n FROM t').length, 6);
    database.close();
  });
});

describe('a transaction', () => {
  const database = openDatabase(join(folder, 'transactions.db'));
  database.createTables('CREATE TABLE t (n INTEGER PRIMARY KEY, text TEXT) STRICT');
  after(() => database.close());
  const insert = (n: number, text = '') => database.run('INSERT INTO t VALUES (?, ?)', n, text);
  const count = () => database.get<{ n: number }>('SELECT count(*) AS n FROM t')?.n;

  it('answers what its work answers', () => {
    assert.equal(
      database.transaction(() => insert(1)),
      1,
    );
    assert.equal(database.get<{ n: number }>('SELECT n FROM t WHERE n = ?', 1)?.n, 1);
  });

  it('leaves nothing behind when its work throws, and the next one works', () => {
    assert.throws(
      () =>
        database.transaction(() => {
          insert(2);
          throw new RangeError('no');
        }),
      RangeError,
    );
    assert.equal(count(), 1);
    database.transaction(() => insert(2));
    assert.equal(count(), 2);
  });

  it('leaves nothing behind when the disk is full, and says storage_full', () => {
    database.get('PRAGMA max_page_count = 10');
    assert.throws(
      () =>
        database.transaction(() => {
          insert(3);
          insert(4, 'x'.repeat(100_000));
        }),
      (error) => isAppError(error, 'storage_full'),
    );
    assert.equal(count(), 2);
    database.get('PRAGMA max_page_count = 1000000');
    database.transaction(() => insert(3));
    assert.equal(count(), 3);
  });

  it('passes a mistake in a statement on as it is', () => {
    assert.throws(
      () => database.transaction(() => insert(1)),
      (error) => !isAppError(error) && /UNIQUE/.test(String(error)),
    );
  });

  it('waits for another process and at last says that it kept the lock', async () => {
    const holder = run(
      database.path,
      `database.transaction(() => {
         process.stdout.write('held');
         Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 60_000);
       });`,
    );
    await once(holder.stdout, 'data');
    const other = openDatabase(database.path);
    assert.throws(
      () => other.transaction(() => 0),
      (error) => isAppError(error, 'unavailable') && /another process kept .* locked/.test(error.message),
    );
    assert.equal(other.snapshot(() => other.all('SELECT n FROM t')).length, 3, 'readers do not wait');
    holder.kill('SIGKILL');
    await once(holder, 'exit');
    other.transaction(() => other.run('DELETE FROM t WHERE n = 3'));
    other.close();
  });

  it('is not seen by a snapshot that began before it', () => {
    const other = openDatabase(database.path);
    const [before, within, behind] = database.snapshot(() => {
      const first = count();
      other.transaction(() => other.run('INSERT INTO t VALUES (9, NULL)'));
      return [first, count(), other.get<{ n: number }>('SELECT count(*) AS n FROM t')?.n];
    });
    assert.deepEqual([within, behind, count()], [before, (before ?? 0) + 1, (before ?? 0) + 1]);
    other.close();
  });
});

/** A process of its own with a `database` on the file. */
function run(path: string, script: string) {
  const code = `
    import { openDatabase } from ${JSON.stringify(new URL('./database.ts', import.meta.url).href)};
    const database = openDatabase(${JSON.stringify(path)});
    ${script}`;
  const args = ['--input-type=module', '--eval', code];
  return spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'], timeout: 60_000 });
}
