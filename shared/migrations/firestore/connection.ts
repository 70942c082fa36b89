/** A database of Firestore as a session uses it: each call bounded in time, each failure one of ours. */
import type { Firestore } from '@google-cloud/firestore';
import type { Clock } from '../../clock.ts';
import { AppError, messageOf } from '../../errors.ts';
import type { Ids } from '../../ids.ts';

/** The SDK tries again by itself for a minute, which is too long for whoever holds a lease. */
const CALL_MS = 20_000;

export type Sdk = Pick<typeof import('../firestore-sdk-client.ts'), 'classes'>;

export interface Connection {
  db: Firestore;
  sdk: Sdk;
  clock: Clock;
  ids: Ids;
  /** Of the collection that keeps the version, the fence and the history. */
  table: string;
  /** The emulator has no index of ranges that must be split before it can take more. */
  ramps: boolean;
  closed: AbortSignal;
  /** Calls that the SDK has not answered, whether or not anybody still waits for them. */
  underWay: Set<Promise<unknown>>;
}

/** gRPC's: https://grpc.github.io/grpc/core/md_doc_statuscodes.html */
const INVALID_ARGUMENT = 3;
const NOT_FOUND = 5;
const ALREADY_EXISTS = 6;
const PERMISSION_DENIED = 7;
const FAILED_PRECONDITION = 9;
const ABORTED = 10;
const UNAUTHENTICATED = 16;

const codeOf = (error: unknown) => (error as { code?: unknown } | undefined)?.code;

/** Firestore looked at what a commit expects and found that it does not hold, or that somebody else was at it. */
export function isRefusal(error: unknown): boolean {
  return [NOT_FOUND, ALREADY_EXISTS, FAILED_PRECONDITION, ABORTED].includes(codeOf(error) as number);
}

/** Something that was to be created was there. */
export const isTaken = (error: unknown) => codeOf(error) === ALREADY_EXISTS;

/** What is asked for cannot be had however often it is asked: a value that is too large, a query without its index. */
export function isFault(error: unknown): boolean {
  return codeOf(error) === INVALID_ARGUMENT || codeOf(error) === FAILED_PRECONDITION;
}

/** As Firestore answers, errors too; `unavailable` where it does not within 20 s; the reason of a signal that aborts. */
export async function ask<T>(
  { clock, closed, underWay }: Connection,
  work: () => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  const over = signal ? AbortSignal.any([closed, signal]) : closed;
  over.throwIfAborted();
  const ended = new AbortController();
  const silence = clock.sleep(CALL_MS, AbortSignal.any([over, ended.signal])).then((): never => {
    throw new AppError('unavailable', `Firestore did not answer within ${CALL_MS / 1_000} s`);
  });
  silence.catch(() => undefined);
  const answer = work();
  underWay.add(answer);
  const settled = () => void underWay.delete(answer);
  answer.then(settled, settled);
  try {
    return await Promise.race([answer, silence]);
  } finally {
    ended.abort();
  }
}

/** For what is ours. Firestore's words are left out where they may name an address. */
export function explain(error: unknown): unknown {
  const code = codeOf(error);
  if (error instanceof AppError || !(error instanceof Error) || error.name === 'AbortError') return error;
  if (code === PERMISSION_DENIED || code === UNAUTHENTICATED || code === NOT_FOUND || isFault(error))
    return new AppError('migration_refused', `Firestore refused what a runner needs: ${wordsOf(error)}`, {
      cause: error,
    });
  if (typeof code === 'number')
    return new AppError('unavailable', `Firestore does not answer as it should (${code})`, { cause: error });
  return error;
}

export function wordsOf(error: unknown): string {
  return messageOf(error).slice(0, 500);
}
