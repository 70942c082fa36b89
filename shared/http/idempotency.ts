/**
 * Idempotency keys: a write sent again with the same `Idempotency-Key` gets the answer of the first time and changes nothing.
 *
 * A record, per caller and key, is either running or done. The first request creates it running, works, and makes it done with the answer.
 * While it runs, others with the key are told to come back (409). An answer that invites another try (any `retryable` error, a 401) is not kept:
 * the record is removed. A process that dies while working leaves it running; after TAKE_OVER_MS the next request takes it over and works
 * again, so what the dead one did before it died may be done twice where the handler itself is not idempotent.
 * Where the end cannot be written, as on a full disk, the process itself remembers that this run ended, and how: the next request there
 * with the key gets that answer, or takes the record over at once where there is none to keep.
 * Records hold answers in clear; fields that are shown once are left out of them, and so of a repeated answer.
 */
import { createHash } from 'node:crypto';
import type { Clock } from '../clock.ts';
import { AppError, type ErrorCode, type FieldError, isAppError } from '../errors.ts';
import type { Ids } from '../ids.ts';
import type { Log } from '../log.ts';
import { docId, type Store, type Version } from '../store/store.ts';

const COLLECTION = 'idempotency';
/** How long an answer is kept. */
const KEEP_MS = 24 * 3_600_000;
/** Longer than any request may run. */
const TAKE_OVER_MS = 120_000;
/** Ends that could not be written and are remembered here; where there are more, the oldest wait for TAKE_OVER_MS. */
const MOST_REMEMBERED = 100;
/** Longer answers are not kept, since a document holds no more; the request is then done anew. */
const BODY_LIMIT = 256 * 1024;

export interface Attempt {
  /** The caller's id: keys of two callers never meet. */
  caller: string;
  key: string | undefined;
  request: Request;
  /** The request's body. */
  bytes: Uint8Array;
  /** Fields of a JSON answer that are not kept. */
  omit: readonly string[];
}

export type Idempotency = (attempt: Attempt, work: () => Promise<Response>) => Promise<Response>;

type Outcome =
  | { kind: 'answer'; status: number; headers: Record<string, string>; body: string }
  | { kind: 'refusal'; code: ErrorCode; detail: string; headers: Record<string, string>; errors?: FieldError[] };

interface Entry {
  /** Hash of the request. */
  request: string;
  /** Random, so that each run makes a new version. */
  run: string;
  /** When the run began, milliseconds since the epoch. */
  startedAt: number;
  /** Absent while it runs. */
  outcome?: Outcome;
}

/** A run that this process works on, and the version of its record. */
interface Claim {
  run: string;
  version: Version;
}

export function createIdempotency(options: { store: Store; ids: Ids; clock: Clock; log: Log }): Idempotency {
  const { store, ids, clock, log } = options;

  /** Runs of this process that go on. */
  const running = new Set<string>();
  /** Runs of this process that ended without their record being told, and their outcomes. */
  const ended = new Map<string, Outcome | undefined>();

  const remember = (run: string, outcome: Outcome | undefined) => {
    ended.set(run, outcome);
    for (const oldest of ended.keys()) {
      if (ended.size <= MOST_REMEMBERED) break;
      ended.delete(oldest);
    }
  };

  /** A claim whose fate is unknown may have been written, and nobody works on it then. */
  const claiming = async (run: string, write: Promise<Version>): Promise<Claim> => {
    running.add(run);
    try {
      return { run, version: await write };
    } catch (error) {
      running.delete(run);
      if (isAppError(error, 'outcome_unknown')) remember(run, undefined);
      throw error;
    }
  };

  /** What this request now owns, or the outcome of the one that was first. */
  const claim = async (id: string, request: string): Promise<Claim | { outcome: Outcome }> => {
    const now = clock.now();
    const entry: Entry = { request, run: ids.unique(), startedAt: now };
    const expireAt = new Date(now + KEEP_MS);
    try {
      return await claiming(entry.run, store.create(COLLECTION, id, entry, { expireAt }));
    } catch (error) {
      if (!isAppError(error, 'conflict')) throw error;
    }
    const found = await store.get<Entry>(COLLECTION, id);
    const over = found && found.value.startedAt + KEEP_MS <= now;
    if (found && !over) {
      if (found.value.request !== request)
        throw new AppError(
          'idempotency_key_reused',
          'This Idempotency-Key came with another request before; use a new one',
        );
      if (found.value.outcome) return { outcome: found.value.outcome };
    }
    if (!found) throw inProgress('ended just now without an answer to keep; send it again', 1_000);
    const { run, startedAt } = found.value;
    const known = ended.get(run);
    if (!over && known) {
      await settle(id, { run, version: found.version }, request, known);
      return { outcome: known };
    }
    const leftMs = startedAt + TAKE_OVER_MS - now;
    if (!over && leftMs > 0 && !ended.has(run))
      throw running.has(run)
        ? inProgress('is being worked on', 1_000)
        : inProgress('has begun, and its answer is not known here: it may still be worked on, or never end', leftMs);
    try {
      return await claiming(entry.run, store.replace(COLLECTION, id, entry, found.version, { expireAt }));
    } catch (error) {
      throw isAppError(error, 'conflict') ? inProgress('has begun just now', 1_000) : error;
    }
  };

  /** The work is done, whatever becomes of its record: failing now would invite the caller to repeat it. */
  const settle = async (id: string, { run, version }: Claim, request: string, outcome: Outcome | undefined) => {
    try {
      const now = clock.now();
      const entry: Entry = { request, run: ids.unique(), startedAt: now, ...(outcome && { outcome }) };
      if (outcome) await store.replace(COLLECTION, id, entry, version, { expireAt: new Date(now + KEEP_MS) });
      else await store.delete(COLLECTION, id, version);
      ended.delete(run);
    } catch (error) {
      // In a conflict another has taken the record over.
      if (!isAppError(error, 'conflict')) remember(run, outcome);
      log.warn('an idempotent answer could not be recorded', { error });
    }
  };

  return async (attempt, work) => {
    const { key } = attempt;
    if (key === undefined) return work();
    if (!/^[\x21-\x7e]{1,255}$/.test(key))
      throw new AppError('bad_request', 'Idempotency-Key must be 1 to 255 visible ASCII characters');
    const id = docId(attempt.caller, key);
    const request = fingerprint(attempt);
    const claimed = await claim(id, request);
    if ('outcome' in claimed) return repeat(claimed.outcome);
    try {
      const answer = await work();
      await settle(id, claimed, request, await outcomeOf(answer, attempt.omit));
      return answer;
    } catch (error) {
      // Credentials that were not taken, such as a token that has ended, are not part of what the key is bound to; nothing was done with them.
      const refused = error instanceof AppError && !error.retryable && error.status !== 401;
      await settle(id, claimed, request, refused ? refusalOf(error) : undefined);
      throw error;
    } finally {
      running.delete(claimed.run);
    }
  };
}

function fingerprint({ request, bytes }: Attempt): string {
  const { pathname, search } = new URL(request.url);
  const conditions = ['If-Match', 'If-None-Match'].map((name) => request.headers.get(name));
  return createHash('sha256')
    .update(JSON.stringify([request.method, pathname, search, ...conditions]))
    .update(bytes)
    .digest('base64url');
}

/** `waitMs` is kept within TAKE_OVER_MS: the clock of who began it may be ahead. */
function inProgress(what: string, waitMs: number): AppError {
  const seconds = Math.ceil(Math.min(waitMs, TAKE_OVER_MS) / 1_000);
  return new AppError('request_in_progress', `A request with this Idempotency-Key ${what}`, {
    headers: { 'Retry-After': String(seconds) },
  });
}

async function outcomeOf(answer: Response, omit: readonly string[]): Promise<Outcome | undefined> {
  let body = await answer.clone().text();
  if (omit.length > 0)
    body = JSON.stringify(JSON.parse(body), (name, value: unknown) => (omit.includes(name) ? undefined : value));
  if (answer.status >= 500 || body.length > BODY_LIMIT) return undefined;
  return { kind: 'answer', status: answer.status, headers: Object.fromEntries(answer.headers), body };
}

function refusalOf({ code, message, headers, errors }: AppError): Outcome {
  return { kind: 'refusal', code, detail: message, headers, ...(errors && { errors }) };
}

function repeat(outcome: Outcome): Response {
  const headers = { ...outcome.headers, 'Idempotency-Replayed': 'true' };
  if (outcome.kind === 'refusal')
    throw new AppError(outcome.code, outcome.detail, { headers, ...(outcome.errors && { errors: outcome.errors }) });
  return new Response(outcome.body || null, { status: outcome.status, headers });
}
