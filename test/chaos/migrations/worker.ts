/** A process that migrates, with as many runners as it is told, and tells what it does line by line. It can be held at one place, blocked as a frozen process is, until a line comes in. */
import { readSync, writeSync } from 'node:fs';
import type { RunRecord } from '#shared/migrations/run.ts';
import type { Session } from '#shared/migrations/session.ts';
import { openRunners, type RunnersGiven } from './runners.ts';

export interface WorkerGiven extends Pick<RunnersGiven, 'target' | 'data' | 'leaseMs' | 'apart'> {
  runners?: number;
  /** Right behind this line, from 1. */
  diesAt?: number;
  /** Before this step is applied, or before this statement of it. */
  hold?: { version: string; statement?: number };
}

export type Told =
  | { at: 'apply' | 'applied'; version: string }
  | { at: 'statement' | 'page'; k: number }
  | { at: 'held' }
  | { at: 'ended'; state: RunRecord['state']; changed: boolean; code?: string; detail?: string };

const given = JSON.parse(process.argv[2] ?? '') as WorkerGiven;
let lines = 0;

function tell(told: Told): void {
  writeSync(1, `${JSON.stringify(told)}\n`);
  lines++;
  if (lines === given.diesAt) process.kill(process.pid, 'SIGKILL');
}

function hold(): void {
  tell({ at: 'held' });
  readSync(0, Buffer.alloc(1));
}

function telling(session: Session): Session {
  return {
    ...session,
    async apply(step, options) {
      const version = String(step.migration.version);
      const held = given.hold?.version === version ? given.hold : undefined;
      tell({ at: 'apply', version });
      // A session lock outlives a frozen process only as long as the connection; a pooler may have given it away before.
      if (held) await session.unlock();
      if (held && held.statement === undefined) hold();
      const applied = await session.apply(step, {
        ...options,
        onStatement: (k, n) => {
          tell({ at: 'statement', k });
          if (held?.statement === k) hold();
          options.onStatement?.(k, n);
        },
        onPage: async (done) => {
          tell({ at: 'page', k: done.pages });
          return options.onPage?.(done);
        },
      });
      tell({ at: 'applied', version });
      return applied;
    },
  };
}

const all = Array.from({ length: given.runners ?? 1 }, async () => {
  await using opened = await openRunners({ ...given, around: telling });
  const record = await opened.run({ command: 'up' }, { lockTimeoutMs: 40_000 });
  const { state, changed = false, error } = record;
  tell({ at: 'ended', state, changed, ...(error && { code: error.code, detail: error.detail }) });
});
await Promise.all(all);
