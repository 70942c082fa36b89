/** What gRPC's status codes mean for a call to Firestore: https://grpc.github.io/grpc/core/md_doc_statuscodes.html */
import { AppError, messageOf } from '../errors.ts';

const CANCELLED = 1;
const UNKNOWN = 2;
const INVALID_ARGUMENT = 3;
const DEADLINE_EXCEEDED = 4;
const NOT_FOUND = 5;
const ALREADY_EXISTS = 6;
const RESOURCE_EXHAUSTED = 8;
const FAILED_PRECONDITION = 9;
const ABORTED = 10;
const INTERNAL = 13;
const UNAVAILABLE = 14;

/** No word from the server, or none that says whether it acted. A broken connection is UNAVAILABLE or INTERNAL. */
const SILENT = new Set([CANCELLED, UNKNOWN, DEADLINE_EXCEEDED, INTERNAL, UNAVAILABLE]);
/** grpc-js says so when it could not reach the server at all. */
const NOT_SENT = /^14 UNAVAILABLE: No connection established/;
const REFUSED = new Set([NOT_FOUND, ALREADY_EXISTS, FAILED_PRECONDITION]);

export function mayHaveHappened(error: unknown): boolean {
  const code = codeOf(error);
  if (code === UNAVAILABLE && NOT_SENT.test(messageOf(error))) return false;
  return code === undefined || SILENT.has(code);
}

/** The server looked at the expectations and found that one does not hold. */
export function isRefusal(error: unknown): boolean {
  return REFUSED.has(codeOf(error) ?? 0);
}

export function isTransient(error: unknown): boolean {
  const code = codeOf(error) ?? 0;
  return SILENT.has(code) || code === ABORTED || code === RESOURCE_EXHAUSTED;
}

/** Without a code it is no answer of Firestore's but a failure on the way, such as credentials that cannot be had. */
export function explainGrpcError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  if (codeOf(error) === INVALID_ARGUMENT)
    return new AppError('invalid', `Firestore refuses this: ${messageOf(error)}`, { cause: error });
  return new AppError('unavailable', `Firestore cannot be used: ${messageOf(error)}`, { cause: error });
}

function codeOf(error: unknown): number | undefined {
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === 'number' ? code : undefined;
}
