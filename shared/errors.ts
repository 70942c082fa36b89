/**
 * Every error Hawker answers or throws on purpose comes from this one catalogue.
 *
 * `code` is stable and part of the HTTP surface; `status` is what HTTP answers; `retryable` says whether the same request may
 * succeed later without being changed, and is all that decides between ack and nack for a delivered message.
 */
export const CATALOGUE = {
  bad_request: { status: 400, retryable: false, title: 'The request cannot be understood' },
  unauthenticated: { status: 401, retryable: false, title: 'Credentials are missing or not valid' },
  google_unauthenticated: { status: 401, retryable: false, title: 'Google does not accept the access token' },
  forbidden: { status: 403, retryable: false, title: 'These credentials do not allow this' },
  google_forbidden: { status: 403, retryable: false, title: 'Google does not let this account do that' },
  not_found: { status: 404, retryable: false, title: 'There is nothing here' },
  method_not_allowed: { status: 405, retryable: false, title: 'This method is not offered here' },
  conflict: { status: 409, retryable: true, title: 'It was changed or created by somebody else meanwhile' },
  already_exists: { status: 409, retryable: false, title: 'It exists already' },
  domain_not_empty: { status: 409, retryable: false, title: 'The domain still has links' },
  request_in_progress: { status: 409, retryable: true, title: 'The same request is still being worked on' },
  lease_held: { status: 409, retryable: true, title: 'Somebody else holds the lease' },
  lease_lost: { status: 409, retryable: true, title: 'The lease is not held any more' },
  deck_changed: { status: 409, retryable: false, title: 'The presentation is at another revision' },
  nothing_to_undo: { status: 409, retryable: false, title: 'It has changed nothing that could be undone' },
  migration_dirty: { status: 409, retryable: false, title: 'Nobody knows how the last migration ended' },
  migration_refused: { status: 409, retryable: false, title: 'The database is not where this command can begin' },
  gone: { status: 410, retryable: false, title: 'It was here and is no longer' },
  precondition_failed: { status: 412, retryable: false, title: 'It has changed since you read it' },
  too_large: { status: 413, retryable: false, title: 'It is larger than the limit' },
  unsupported_media_type: { status: 415, retryable: false, title: 'This kind of body is not understood' },
  invalid: { status: 422, retryable: false, title: 'Some fields are not valid' },
  target_refused: { status: 422, retryable: false, title: 'This target is not allowed' },
  redirect_loop: { status: 422, retryable: false, title: 'This target would close a redirect loop' },
  images_refused: { status: 422, retryable: false, title: 'Some images cannot be placed' },
  google_refused: { status: 422, retryable: false, title: 'Google refused the request' },
  migration_failed: { status: 422, retryable: false, title: 'A migration failed' },
  idempotency_key_reused: { status: 422, retryable: false, title: 'The idempotency key was used for another request' },
  too_many_requests: { status: 429, retryable: true, title: 'Too many requests' },
  internal: { status: 500, retryable: true, title: 'Something went wrong here' },
  not_configured: { status: 503, retryable: false, title: 'A setting that this needs is missing' },
  unavailable: { status: 503, retryable: true, title: 'Something this needs does not answer' },
  outcome_unknown: { status: 503, retryable: true, title: 'The write may or may not have happened' },
  storage_full: { status: 507, retryable: true, title: 'There is no room left to store this' },
} as const satisfies Record<string, { status: number; retryable: boolean; title: string }>;

export type ErrorCode = keyof typeof CATALOGUE;

/** One offending place in a request: a JSON pointer (RFC 6901) into the body, or `?name` for a query parameter, and the rule it breaks. */
export interface FieldError {
  pointer: string;
  detail: string;
  /** Which rule, for programs, where a function has names for them. */
  code?: string;
}

interface AppErrorOptions {
  errors?: FieldError[];
  /** Extra response headers, such as `Retry-After` or `Allow`. */
  headers?: Record<string, string>;
  cause?: unknown;
  /** Of what may pass: true where it was repeated enough for now, so that nobody else is to repeat it at once. */
  triedEnough?: boolean;
}

export class AppError extends Error {
  override readonly name = 'AppError';
  readonly code: ErrorCode;
  readonly errors: FieldError[] | undefined;
  readonly headers: Record<string, string>;
  readonly #triedEnough: boolean;

  constructor(code: ErrorCode, detail: string, options: AppErrorOptions = {}) {
    super(detail, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.errors = options.errors;
    this.headers = options.headers ?? {};
    this.#triedEnough = options.triedEnough ?? false;
  }

  get status(): number {
    return CATALOGUE[this.code].status;
  }

  /** Whether the same may succeed some time, though perhaps nobody is to try it at once. */
  get mayPass(): boolean {
    return CATALOGUE[this.code].retryable;
  }

  get retryable(): boolean {
    return this.mayPass && !this.#triedEnough;
  }
}

export function isAppError(error: unknown, code?: ErrorCode): error is AppError {
  return error instanceof AppError && (code === undefined || error.code === code);
}

/** Whether a failed piece of work may be tried again: an unforeseen error may, since nobody has judged it yet. */
export function isRetryable(error: unknown): boolean {
  return error instanceof AppError ? error.retryable : true;
}

/** What may be told of any thrown value in one line. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
