/**
 * Fails a test file that leaves something behind which would keep a process alive: a listening server, a socket, a child process, a timer.
 * Such a thing ends with the test's own process, so nobody would miss it here; in production it is a drain that never ends.
 */
import assert from 'node:assert/strict';
import { after } from 'node:test';

/** Kinds that the test runner itself opens and closes at will. */
const RUNNERS_OWN = new Set(['TTYWrap', 'PipeWrap', 'FSReqCallback', 'FSReqPromise', 'Immediate', 'TickObject']);

/** Call it once at the top of a test file, before anything is opened. Waits at most `graceMs` for what is about to close. */
export function guardAgainstLeaks(graceMs = 2_000): void {
  const before = openResources();
  after(async () => {
    const deadline = performance.now() + graceMs;
    let left = difference(openResources(), before);
    while (left.length > 0 && performance.now() < deadline) {
      // Not a timer: it would be one of the things that are looked for.
      await new Promise(setImmediate);
      left = difference(openResources(), before);
    }
    // The file would now never end; the runner needs a moment to have told why.
    if (left.length > 0) setTimeout(() => process.exit(1), 1_000).unref();
    assert.deepEqual(left, [], `still open after the last test: ${left.join(', ')}`);
  });
}

function openResources(): string[] {
  return process.getActiveResourcesInfo().filter((kind) => !RUNNERS_OWN.has(kind));
}

function difference(now: readonly string[], before: readonly string[]): string[] {
  const rest = [...before];
  return now.filter((kind) => {
    const at = rest.indexOf(kind);
    if (at >= 0) rest.splice(at, 1);
    return at < 0;
  });
}
