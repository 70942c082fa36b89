/** Load on a loopback port: by wrk where it is installed, else by a generator of our own in a process of its own. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { HOST } from './servers.ts';

const run = promisify(execFile);

export const CONNECTIONS = 32;

/** What a person's browser sends, so that hits take the path of people. */
export const HEADERS: Record<string, string> = {
  Host: HOST,
  'User-Agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
  Accept: 'text/html',
  'Accept-Language': 'en',
};

let wrk: Promise<boolean> | undefined;

/** Answers per second to GET `path` over some seconds. Throws where an answer was neither a success nor a redirect. */
export async function load(port: number, path: string, seconds: number): Promise<number> {
  wrk ??= run('wrk', ['-v']).then(
    () => true,
    // It prints its version and fails.
    (error: { code?: unknown }) => error.code !== 'ENOENT',
  );
  const options = { timeout: (seconds + 10) * 1_000 };
  if (await wrk) {
    const headers = Object.entries(HEADERS).flatMap(([name, value]) => ['-H', `${name}: ${value}`]);
    const url = `http://127.0.0.1:${port}${path}`;
    const { stdout } = await run('wrk', ['-t1', `-c${CONNECTIONS}`, `-d${seconds}s`, ...headers, url], options);
    const rate = Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1]);
    if (!(rate > 0) || /Non-2xx|Socket errors/.test(stdout)) throw new Error(`the load failed:\n${stdout}`);
    return rate;
  }
  const generator = join(import.meta.dirname, 'load-generator.ts');
  const { stdout } = await run(process.execPath, [generator, `${port}`, path, `${seconds}`], options);
  return Number(stdout);
}
