/** Two processes with the same schedule on one embedded file. */
import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemClock } from '../clock.ts';
import { eventually } from '../queue/contract-tools.ts';
import { openDatabase } from '../sqlite/database.ts';
import { withShorthands } from '../store/index.ts';
import { createSqliteDriver } from '../store/sqlite.ts';
import { guardAgainstLeaks } from '../testing/leak-guard.ts';
import { effects } from './rig.ts';

guardAgainstLeaks();

test('each firing takes effect once, though both processes see to it', { timeout: 60_000 }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'hawker-schedule-'));
  const path = join(folder, 'hawker.db');
  const database = openDatabase(path);
  const store = withShorthands(createSqliteDriver(database, systemClock));
  const start = String(Date.now());
  const children: ChildProcess[] = [];
  t.after(async () => {
    for (const child of children) {
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
    }
    database.close();
    rmSync(folder, { recursive: true });
  });

  /** The firings that a new process sees to, as they come. */
  const begin = () => {
    const child = fork(new URL('./schedule-process.ts', import.meta.url), [path, start], { stdio: 'inherit' });
    children.push(child);
    const seen = new Set<string>();
    child.on('message', (firing) => seen.add(String(firing)));
    return { seen };
  };
  const both = [begin(), begin()];
  const done = await eventually(async () => {
    const { docs } = await store.list<{ state: string }>('schedule-firings', { limit: 100 });
    const ended = docs.filter(({ value }) => value.state === 'done').map(({ id }) => id.split('|')[1] ?? '');
    const shared = ended.filter((firing) => both.every(({ seen }) => seen.has(firing)));
    return shared.length >= 4 ? shared : undefined;
  });
  const took = (await effects(store)).map((id) => id.split(' ')[0] ?? '');
  for (const firing of done) assert.ok(took.includes(firing), firing);
  assert.equal(new Set(took).size, took.length, 'none took effect twice');
});
