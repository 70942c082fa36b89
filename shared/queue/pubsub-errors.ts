/** What Pub/Sub's refusals mean to whoever publishes or runs this. */
import { AppError, type ErrorCode, messageOf } from '../errors.ts';

/** https://grpc.github.io/grpc/core/md_doc_statuscodes.html */
export const GRPC = {
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
};

export function grpcCode(error: unknown): number | undefined {
  const code = (error as { code?: unknown } | undefined)?.code;
  return typeof code === 'number' ? code : undefined;
}

const REASONS: Record<number, string> = {
  [GRPC.INVALID_ARGUMENT]: 'does not take this',
  [GRPC.DEADLINE_EXCEEDED]: 'did not answer in time',
  [GRPC.NOT_FOUND]: 'does not exist; the deployment makes topics and subscriptions',
  [GRPC.PERMISSION_DENIED]: 'may not be used by this account',
};

/** `what` names the topic or subscription. All but a request that Pub/Sub would refuse again is `unavailable`. */
export function explainPubsubError(error: unknown, what: string): AppError {
  if (error instanceof AppError) return error;
  const code = grpcCode(error);
  const kind: ErrorCode = code === GRPC.INVALID_ARGUMENT ? 'invalid' : 'unavailable';
  const reason = REASONS[code ?? -1] ?? 'cannot be reached';
  // The library appends each of its attempts, which all say the same.
  const [told = ''] = messageOf(error).split(/\s*: Previous errors\b/);
  return new AppError(kind, `Pub/Sub ${what} ${reason}: ${told}`, { cause: error });
}
