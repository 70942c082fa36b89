/** Prometheus' own programs, for tests that let them judge: Debian's package `prometheus` has both. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { variable } from '../config.ts';

export type Program = 'promtool' | 'prometheus';

/** Why a test that needs it cannot run; undefined where it can, and in CI, where it must. */
export function without(program: Program): string | undefined {
  const found = (variable('PATH') ?? '').split(delimiter).some((folder) => existsSync(join(folder, program)));
  return found || variable('CI') === 'true' ? undefined : `${program} is not on the PATH: apt-get install prometheus`;
}

/** What `promtool check metrics` says of a scrape, as its exit code and its words. */
export async function checkMetrics(text: string): Promise<{ code: number | null; said: string }> {
  const child = spawn('promtool', ['check', 'metrics'], { stdio: ['pipe', 'pipe', 'pipe'], timeout: 20_000 });
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  child.stdin.end(text);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  return { code, said };
}
