/** Runs gcloud: without a shell, without questions, each run in bounded time. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Command, Json } from './resource.ts';

export interface Ran {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs a command to its end. Never rejects for what gcloud says; throws GcloudMissing. */
export type Run = (command: Command) => Promise<Ran>;

/** gcloud cannot be started. */
class GcloudMissing extends Error {
  override readonly name = 'GcloudMissing';
}

/** What gcloud said no to; the message names what to do. */
export class GcloudFailed extends Error {
  override readonly name = 'GcloudFailed';
}

/** Milliseconds; building an image and making a database take their time. */
const TIMEOUT_MS = 10 * 60_000;
const BUILD_MS = 35 * 60_000;
/** What `describe` says about what is not there, and about APIs that are not switched on, whose things cannot be there either. */
const ABSENT = /NOT_FOUND|not found|notFound|does not exist|could not be found|Cannot find|HTTPError 404/i;
const SWITCHED_OFF = /SERVICE_DISABLED|has not been used in project|accessNotConfigured|is not enabled/i;
/** What goes away by itself: other edits of one policy at once, an account or a right that is not known everywhere yet, too many calls, a service out of breath. */
const PASSING =
  /ABORTED|concurrent (?:policy )?change|conflict(?:ing)? (?:for resource|with)|etag|RESOURCE_EXHAUSTED|\b429\b|rateLimitExceeded|UNAVAILABLE|\b50[234]\b|(?:service account|member|user) \S+ does not exist|Permission denied on secret|does not have storage\.\S+ access|operation (?:is )?(?:already )?in progress|another operation/i;
const THERE = /ALREADY_EXISTS|already exists|already own it/i;

/** Most of what gcloud prints that is kept. */
const MOST_BYTES = 32 * 1024 * 1024;

/** gcloud of the PATH, or the program of GCLOUD_PATH. */
export function realGcloud(env: NodeJS.ProcessEnv = process.env): Run {
  const program = env['GCLOUD_PATH'] || 'gcloud';
  return async ({ args, input }) => {
    const given = await input?.();
    const child = spawn(program, args, {
      cwd: join(import.meta.dirname, '..', '..'),
      env: {
        ...env,
        CLOUDSDK_CORE_DISABLE_PROMPTS: '1',
        CLOUDSDK_CORE_SHOULD_PROMPT_TO_ENABLE_API: 'false',
        CLOUDSDK_CORE_DISABLE_USAGE_REPORTING: 'true',
      },
      stdio: ['pipe', 'pipe', 'pipe'],
      // A group of its own: Ctrl-C is for us, who let it come to its end.
      detached: true,
    });
    return new Promise<Ran>((resolve, reject) => {
      const kept = { stdout: '', stderr: '' };
      const kill = () => {
        try {
          process.kill(-(child.pid ?? 0), 'SIGKILL');
        } catch {
          // It has ended meanwhile.
        }
      };
      for (const stream of ['stdout', 'stderr'] as const)
        child[stream].setEncoding('utf8').on('data', (piece: string) => {
          if (kept[stream].length < MOST_BYTES) kept[stream] += piece;
        });
      let late = false;
      const limit = setTimeout(
        () => {
          late = true;
          kill();
        },
        args[0] === 'builds' ? BUILD_MS : TIMEOUT_MS,
      );
      child.on('error', (error: NodeJS.ErrnoException) => {
        clearTimeout(limit);
        const why = error.code === 'ENOENT' ? 'is not there' : `cannot be started (${error.code ?? 'unknown'})`;
        reject(
          new GcloudMissing(
            `${program} ${why}: install the Google Cloud SDK (https://cloud.google.com/sdk/docs/install), or name it in GCLOUD_PATH`,
          ),
        );
      });
      child.on('close', (code) => {
        clearTimeout(limit);
        if (late) kept.stderr += '\nit did not end in time and was stopped';
        resolve({ code: code ?? 1, ...kept });
      });
      child.stdin.on('error', () => {});
      child.stdin.end(given ?? '');
    });
  };
}

/** What a question is answered with; undefined where the thing is not there. Throws GcloudFailed. */
export async function ask(run: Run, command: Command): Promise<Json | undefined> {
  const { code, stdout, stderr } = await run(command);
  if (code !== 0) {
    if (ABSENT.test(stderr) || SWITCHED_OFF.test(stderr)) return undefined;
    throw new GcloudFailed(`\`${shown(command)}\` failed: ${reasonOf(stderr)}`);
  }
  try {
    return JSON.parse(stdout || 'null') as Json;
  } catch {
    throw new GcloudFailed(`\`${shown(command)}\` did not answer with JSON: is this gcloud?`);
  }
}

/** It was asked to stop, and did so between two commands. */
export class Stopped extends Error {
  override readonly name = 'Stopped';
}

export interface Patience {
  sleep(ms: number): Promise<void>;
  /** 0 to 1. */
  random(): number;
  /** Whether somebody has asked to stop: nothing further is begun. */
  stopped(): boolean;
}

/** Two minutes and a half in all at most: https://cloud.google.com/iam/docs/access-change-propagation speaks of about two. */
const ATTEMPTS = 10;
const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 30_000;

/** Does it, again where what failed goes away by itself. `there`: to be told that it is there is a success, `gone`: that it is gone. Throws GcloudFailed and Stopped. */
export async function carryOut(
  run: Run,
  command: Command,
  { sleep, random, stopped }: Patience,
  fine: 'there' | 'gone' | undefined,
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    if (stopped()) throw new Stopped('stopped between two commands; run it again to go on');
    const { code, stderr: all } = await run(command);
    if (code === 0) return;
    // Before it, gcloud tells how it gets on: how many files it sends may be 502.
    const stderr = all.slice(Math.max(0, all.lastIndexOf('\nERROR')));
    // An API that was just switched on is not so everywhere at once.
    if ((PASSING.test(stderr) || SWITCHED_OFF.test(stderr)) && attempt < ATTEMPTS) {
      // Those who wait for the same thing should not come back together.
      await sleep(Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (attempt - 1)) * (0.5 + random() / 2));
      continue;
    }
    if (fine === 'there' && THERE.test(stderr)) return;
    if (fine === 'gone' && ABSENT.test(stderr)) return;
    throw new GcloudFailed(reasonOf(stderr) + helpFor(stderr));
  }
}

/** gcloud's own last words, in one line. */
function reasonOf(stderr: string): string {
  const lines = stderr
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean);
  const errors = lines.findLastIndex((line) => line.startsWith('ERROR'));
  return lines.slice(Math.max(0, errors)).slice(0, 6).join(' ').slice(0, 600) || 'it gave no reason';
}

function helpFor(stderr: string): string {
  if (/credential|gcloud auth login|Reauthentication|UNAUTHENTICATED/i.test(stderr))
    return '; sign in with `gcloud auth login`';
  if (/quota restrictions/i.test(stderr))
    return '; some projects may build in some regions alone (https://cloud.google.com/build/docs/locations): build it elsewhere: run the last command with --region=us-central1, which leaves the image where it belongs';
  if (/billing/i.test(stderr)) return '; link a billing account to the project: `gcloud billing projects link`';
  if (/PERMISSION_DENIED|403|does not have permission/i.test(stderr))
    return '; the account that gcloud uses must be an owner of the project, or have the roles that make these things';
  return '';
}

/** As one would type it. */
export function shown({ args, input }: Command): string {
  const words = args.map((arg) => {
    // An empty value is shown as one: `--flag=` reads like a slip.
    if (!arg.endsWith('=') && /^[\w@%+=:,./-]+$/.test(arg)) return arg;
    const [, flag = '', value = ''] = /^(--[\w-]+=)?([\s\S]*)$/.exec(arg) ?? [];
    return `${flag}'${value.replaceAll("'", "'\\''")}'`;
  });
  return `gcloud ${words.join(' ')}${input ? ' < its value' : ''}`;
}
