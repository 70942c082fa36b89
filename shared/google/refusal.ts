/** What Google says where it does not do what it was asked (https://google.aip.dev/193): read as far as it is needed, and cleaned before anybody sees it. */
import { readRetryAfter } from '../http/retry-after.ts';
import type { Answer } from './ask.ts';

export interface Refusal {
  status: number;
  /** One line without addresses; '' where nothing was said. */
  message: string;
  /** The request of the batch that is at fault. */
  index?: number;
  /** Machine-readable words such as `PERMISSION_DENIED`, `SERVICE_DISABLED`, `notFound`: `status`, and the `reason`s of both error forms. */
  reasons: ReadonlySet<string>;
  retryAfterMs?: number;
}

const LONGEST_MESSAGE = 300;
/** 429 has another form: Drive, and at times others, say 403 and mean this. */
const BUSY_REASONS = ['rateLimitExceeded', 'userRateLimitExceeded', 'RATE_LIMIT_EXCEEDED', 'RESOURCE_EXHAUSTED'];

/** `now`: wall clock. Whatever the body is, it answers. */
export function readRefusal({ status, headers, bytes }: Answer, now: number): Refusal {
  const error = errorOf(bytes);
  const said = typeof error.message === 'string' ? error.message : '';
  const retryAfterMs = readRetryAfter(headers.get('retry-after'), now);
  const index = indexOf(said);
  return {
    status,
    message: cleanMessage(said),
    reasons: new Set(reasonsOf(error)),
    ...(index !== undefined && { index }),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  };
}

/** Whether it was asked too often, and nothing else is wrong. */
export function isBusy({ status, reasons }: Pick<Refusal, 'status' | 'reasons'>): boolean {
  return status === 429 || (status === 403 && BUSY_REASONS.some((reason) => reasons.has(reason)));
}

/** N of `Invalid requests[N]`, with which Slides begins; the same words further on may be text of the request itself. */
export function indexOf(message: string): number | undefined {
  const [, digits] = /^\s*Invalid requests\[(\d{1,6})\]/.exec(message) ?? [];
  return digits === undefined ? undefined : Number(digits);
}

/**
 * One line of at most 300 characters that can be shown and logged. Google quotes what it was given: an address may be one of ours that is still alive, and a long run of letters
 * and digits a token. Object ids have at most 50.
 */
export function cleanMessage(said: string): string {
  const line = said
    .slice(0, 10 * LONGEST_MESSAGE)
    .replace(/[\p{C}\p{Z}]+/gu, ' ')
    .replace(/\S*(?:\/\/|\\\\|www\.)\S*|\S*\.\S*\/\S*|\S*%2f\S*/gi, '...')
    .replace(/[\w.~+/=-]{51,}/g, '...')
    .trim();
  return line.length > LONGEST_MESSAGE ? `${line.slice(0, LONGEST_MESSAGE - 3).trimEnd()}...` : line;
}

interface ErrorForm {
  message?: unknown;
  status?: unknown;
  details?: unknown;
  errors?: unknown;
}

function errorOf(bytes: Uint8Array): ErrorForm {
  try {
    const { error, error_description: description } = Object(JSON.parse(new TextDecoder().decode(bytes))) as Record<
      string,
      unknown
    >;
    // RFC 6749, section 5.2: the token endpoint's own form.
    return typeof error === 'string' ? { status: error, message: description } : (Object(error) as ErrorForm);
  } catch {
    return {};
  }
}

function* reasonsOf({ status, details, errors }: ErrorForm): Generator<string> {
  const listed = [details, errors].flatMap((list) => (Array.isArray(list) ? (list.slice(0, 100) as unknown[]) : []));
  for (const word of [status, ...listed.map((item) => (Object(item) as { reason?: unknown }).reason)])
    if (typeof word === 'string' && /^\w{1,80}$/.test(word)) yield word;
}
