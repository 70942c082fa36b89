/** Answers in the two forms that Google's APIs have: that of today's (Slides, IAM) and the older one of Drive. */
import type { ServerResponse } from 'node:http';

export const JSON_TYPE = { 'content-type': 'application/json; charset=UTF-8' };

/** The name of a status in `error.status`, by its code. */
const STATUS: Record<number, string> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  409: 'ABORTED',
  429: 'RESOURCE_EXHAUSTED',
  500: 'INTERNAL',
  501: 'UNIMPLEMENTED',
  503: 'UNAVAILABLE',
  504: 'DEADLINE_EXCEEDED',
};

/** What an API refuses a call with. */
export class Refused extends Error {
  readonly code: number;
  readonly details: readonly object[] | undefined;
  /** Of the older form: `error.errors[0].reason`. */
  readonly reason: string | undefined;

  constructor(code: number, message: string, more: { details?: readonly object[]; reason?: string } = {}) {
    super(message);
    this.code = code;
    this.details = more.details;
    this.reason = more.reason;
  }
}

/** `{error: {code, message, status, details?}}`. */
export function apiError(code: number, message: string, details?: readonly object[]): object {
  return { error: { code, message, status: STATUS[code] ?? 'UNKNOWN', ...(details && { details }) } };
}

/** `{error: {errors: [{domain, reason, message}], code, message}}`, as Drive answers. */
export function driveError(code: number, reason: string, message: string): object {
  const domain = /rate|quota/i.test(reason) ? 'usageLimits' : 'global';
  return { error: { errors: [{ domain, reason, message }], code, message } };
}

/** A detail that names the reason in capitals, such as `RATE_LIMIT_EXCEEDED`. */
export function errorInfo(reason: string, metadata: Record<string, string> = {}): object {
  return { '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason, domain: 'googleapis.com', metadata };
}

/** A detail that names the fields of the request that are wrong. */
export function badRequest(fieldViolations: readonly { field: string; description: string }[]): object {
  return { '@type': 'type.googleapis.com/google.rpc.BadRequest', fieldViolations };
}

export function sendJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  const text = JSON.stringify(body, undefined, 2);
  response.writeHead(status, { ...JSON_TYPE, 'content-length': String(Buffer.byteLength(text)), ...headers }).end(text);
}

/** Runs an API's call and answers its refusals in that API's form. */
export async function answering(response: ServerResponse, form: 'api' | 'drive', call: () => unknown): Promise<void> {
  try {
    await call();
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    const { code, message, details, reason } = error;
    const challenge = { 'www-authenticate': 'Bearer realm="https://accounts.google.com/", error="invalid_token"' };
    const body =
      form === 'api' ? apiError(code, message, details) : driveError(code, reason ?? 'backendError', message);
    sendJson(response, code, body, code === 401 ? challenge : {});
  }
}
