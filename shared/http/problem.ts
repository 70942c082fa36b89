/** Errors as RFC 9457 problem details: the one shape in which every HTTP function says no. */
import { HTTPException } from 'hono/http-exception';
import type * as z from 'zod';
import { AppError, CATALOGUE, type ErrorCode } from '../errors.ts';
import type { problemSchema } from './problem-schema.ts';

export const PROBLEM_TYPE = 'application/problem+json';

/** Status codes under which the HTTP library itself refuses a request. */
const FOREIGN: Record<number, ErrorCode> = {
  400: 'bad_request',
  401: 'unauthenticated',
  403: 'forbidden',
  404: 'not_found',
  405: 'method_not_allowed',
  413: 'too_large',
  415: 'unsupported_media_type',
  429: 'too_many_requests',
};

/** What may be told of any thrown value. What nobody foresaw becomes `internal`, keeping the value as its cause for the log alone. */
export function toAppError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  const code = error instanceof HTTPException ? FOREIGN[error.status] : undefined;
  if (code && error instanceof Error) return new AppError(code, error.message || CATALOGUE[code].title);
  return new AppError('internal', CATALOGUE.internal.title, { cause: error });
}

/** A failure of work of which some parts were done and stay: `done` tells how many, by kind. Its detail is for callers, whatever lies behind. */
export class StoppedHalfway extends AppError {
  readonly done: Record<string, number>;

  constructor(why: AppError, detail: string, done: Record<string, number>) {
    super(why.code, detail, { ...(why.errors && { errors: why.errors }), headers: why.headers, cause: why });
    this.done = done;
  }
}

/** What callers are told. What lies behind a failure of ours may name hosts, projects and files: that is for the log. */
export function detailOf(error: AppError): string {
  const hidden = error.status >= 500 && error.cause !== undefined && !(error instanceof StoppedHalfway);
  return hidden ? CATALOGUE[error.code].title : error.message;
}

export function problemResponse(error: AppError, requestId: string): Response {
  const { status, title } = CATALOGUE[error.code];
  const body: z.infer<typeof problemSchema> = {
    type: `/problems/${error.code}`,
    title,
    status,
    detail: detailOf(error),
    code: error.code,
    ...(error.errors && { errors: error.errors }),
    ...(error instanceof StoppedHalfway && { done: error.done }),
    requestId,
  };
  const headers = { 'Content-Type': PROBLEM_TYPE, ...(status === 503 && { 'Retry-After': '5' }), ...error.headers };
  return new Response(JSON.stringify(body), { status, headers });
}
