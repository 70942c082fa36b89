/** What is sent of an image: all of the bytes that were granted, or a body that breaks. */
import { createHash } from 'node:crypto';
import type { Clock } from '#shared/clock.ts';
import { GRANT_MS } from '#shared/slides/grants.ts';

/** From the first byte to the last. Who reads more slowly is not Google, and would keep the blob open for ever. */
const LONGEST_MS = GRANT_MS;

/**
 * The same pieces, each read when the one before has been taken, so that there is never more than one in memory. The last one is handed on only when all of them have the
 * size and the hash that were granted: what is not what it should be never looks whole. Closes `body` in whatever way it ends.
 */
export function wholeBody(
  body: ReadableStream<Uint8Array>,
  granted: { size: number; sha256: string },
  { clock, onBroken }: { clock: Clock; onBroken: (error: unknown) => void },
): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  const hash = createHash('sha256');
  const ended = new AbortController();
  let size = 0;

  const end = (reason?: unknown) => {
    ended.abort();
    // It may have ended, or failed, by itself.
    void reader.cancel(reason).catch(() => undefined);
  };

  const next = async (): Promise<Uint8Array> => {
    const { done, value } = await reader.read();
    if (done) throw new Error(`${size} of ${granted.size} bytes came`);
    size += value.byteLength;
    hash.update(value);
    if (size > granted.size) throw new Error(`more than ${granted.size} bytes came`);
    if (size === granted.size && hash.digest('hex') !== granted.sha256)
      throw new Error('other bytes came than were granted');
    return value;
  };

  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        const fail = (error: unknown) => {
          end();
          onBroken(error);
          controller.error(broken());
        };
        clock.sleep(LONGEST_MS, ended.signal).then(
          () => fail(new Error(`it was not read within ${LONGEST_MS / 60_000} minutes`)),
          () => undefined,
        );
      },
      async pull(controller) {
        // The server waits a moment for the first pieces before it sends the head, and would answer a failure among them in words of its own.
        if (size === 0) await new Promise(setImmediate);
        try {
          controller.enqueue(await next());
        } catch (error) {
          if (ended.signal.aborted) return;
          end();
          onBroken(error);
          controller.error(broken());
          return;
        }
        if (size < granted.size) return;
        end();
        controller.close();
      },
      cancel: end,
    },
    { highWaterMark: 0 },
  );
}

/** The server prints it, and why it happened may name buckets and files. */
function broken(): Error {
  return new Error('the image broke off');
}
