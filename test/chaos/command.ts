/** Runs `lease chaos` in a process of its own, and says whether enough happened for its verdict to mean something. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import type { ChaosReport } from '../../scripts/lease/chaos/run-chaos.ts';
import { ROOT } from '../sources.ts';

/** Below the runner's limit for one test, so that a run that hangs is told as that. */
const LIMIT_MS = 115_000;

interface Ended {
  code: number | null;
  /** Absent where there was none. */
  report: ChaosReport | undefined;
  stderr: string;
}

export async function runCommand(args: readonly string[]): Promise<Ended> {
  const program = [join(ROOT, 'scripts/lease.ts'), 'chaos', ...args, '--json'];
  const child = spawn(process.execPath, program, { stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  const late = setTimeout(() => child.kill('SIGTERM'), LIMIT_MS);
  const code = await new Promise<number | null>((resolve) => void child.once('close', resolve));
  clearTimeout(late);
  return {
    code,
    report: stdout === '' ? undefined : (JSON.parse(stdout) as ChaosReport),
    stderr: `${stderr}${stdout}`,
  };
}

interface Least {
  elections: number;
  kills: number;
  stops: number;
  wallClockJumps: number;
  /** Fenced, and done. */
  commits: number;
  /** Writes that the resource refused. */
  stale: number;
}

export function assertMuchHappened(report: ChaosReport | undefined, least: Least): void {
  const { faults, tally } = report ?? assert.fail('there is no report');
  const story = JSON.stringify(report);
  assert.ok(tally.elections >= least.elections, story);
  assert.ok(tally.commits.done >= least.commits, story);
  assert.ok(tally.acceptedWrites > 0 && tally.refusedStaleWrites >= least.stale, story);
  for (const fault of ['kills', 'stops', 'wallClockJumps'] as const) assert.ok(faults[fault] >= least[fault], story);
}
