/** Whether a function answers, before and after it has traffic. */

/** Milliseconds for one question and for all of them. A first answer may take a start. */
const QUESTION_MS = 10_000;
const ALL_MS = 60_000;
const PAUSE_MS = 1_000;
/** Not a function's health: of what comes from outside, Cloud Run keeps addresses that end in z to itself (https://cloud.google.com/run/docs/known-issues). */
const PATH = '/robots.txt';

export interface SmokeOptions {
  /** Whether the function writes no request ids. It has the file that is asked for. */
  bare: boolean;
  /** Monotonic milliseconds. */
  mono?: () => number;
  sleep?: (ms: number) => Promise<void>;
}

/** Nobody is there, or not the function. */
class SmokeFailed extends Error {
  override readonly name = 'SmokeFailed';
}

/**
 * Resolves when the function itself has answered well: 200 where it is bare, otherwise anything below 500 that bears the request id
 * which only it writes. The platform's own 403 or 404 is neither. Asks again for a minute; throws SmokeFailed.
 */
export async function smoke(url: string, options: SmokeOptions): Promise<void> {
  const { bare, mono = () => performance.now(), sleep = pause } = options;
  const deadline = mono() + ALL_MS;
  for (;;) {
    const problem = await problemOf(`${url}${PATH}`, bare);
    if (problem === undefined) return;
    if (mono() + PAUSE_MS > deadline) throw new SmokeFailed(`${url} ${problem}`);
    await sleep(PAUSE_MS);
  }
}

const pause = (ms: number) =>
  new Promise<void>((resolve) => {
    setTimeout(resolve, ms);
  });

async function problemOf(url: string, bare: boolean): Promise<string | undefined> {
  const asked = { redirect: 'manual', signal: AbortSignal.timeout(QUESTION_MS) } as const;
  const answer = await fetch(url, asked).catch(() => undefined);
  if (answer === undefined) return 'does not answer';
  await answer.body?.cancel().catch(() => undefined);
  const { status, headers } = answer;
  if (bare ? status === 200 : status < 500 && headers.has('X-Request-Id')) return undefined;
  const by = headers.has('X-Request-Id')
    ? ''
    : ', and not by the function: may everybody call it, and is its ingress `all`?';
  return `answers with ${status}${by}`;
}
