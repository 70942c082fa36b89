/** One request to Google whose answer is handed on as it comes. */
import type { Clock } from '../clock.ts';
import { readBytes } from '../http/read-bytes.ts';
import { observeUpstream } from '../telemetry/upstream.ts';
import { type Answer, type Call, initOf, type Request } from './ask.ts';
import { type Attempt, MOST_REFUSAL_BYTES, startAttempt } from './attempt.ts';

export interface StreamBounds {
  /** Until the answer begins, and then for each piece of its body, in milliseconds. In all it may take as long as `signal` lets it. */
  ms: number;
  signal: AbortSignal;
}

export interface StreamedAnswer extends Answer {
  /** Of a 2xx answer, as it comes; it errors with NoAnswer. Ends the request when it is cancelled. */
  body?: ReadableStream<Uint8Array>;
}

/** Throws NoAnswer alone. What is measured ends where the body begins. */
export async function askForBody(
  request: Request,
  { ms, signal }: StreamBounds,
  clock: Clock,
  call: Call,
): Promise<StreamedAnswer> {
  const { url, method = 'GET' } = request;
  const attempt = startAttempt(signal, clock);
  const inTime = <T>(work: () => Promise<T>) => attempt.inTime(work, ms, `has sent nothing for ${ms / 1_000} seconds`);
  return observeUpstream({ ...call, method, url }, async (answered) => {
    try {
      const { status, ok, headers, body } = await inTime(async () =>
        fetch(url, { ...initOf(request, call), signal: attempt.signal }),
      );
      answered(status);
      if (ok && body) return { status, headers, bytes: new Uint8Array(), body: handedOn(body, { ...attempt, inTime }) };
      const bytes = await inTime(() => readBytes(body, MOST_REFUSAL_BYTES)).catch(() => new Uint8Array());
      attempt.end();
      return { status, headers, bytes };
    } catch (error) {
      const reason = attempt.named(error);
      attempt.end();
      throw reason;
    }
  });
}

interface Piecewise extends Pick<Attempt, 'named' | 'end'> {
  inTime<T>(work: () => Promise<T>): Promise<T>;
}

function handedOn(body: ReadableStream<Uint8Array>, { inTime, named, end }: Piecewise): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { done, value } = await inTime(() => reader.read());
          if (!done) return controller.enqueue(value);
          end();
          controller.close();
        } catch (error) {
          const reason = named(error);
          end();
          throw reason;
        }
      },
      cancel: end,
    },
    // Nothing is read before it is asked for.
    { highWaterMark: 0 },
  );
}
