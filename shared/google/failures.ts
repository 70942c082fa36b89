/** What Google refused or did not answer, as an error of the catalogue: what is wrong, for whom, and what to do about it. */
import { AppError } from '../errors.ts';
import type { NoAnswer } from './attempt.ts';
import { isBusy, type Refusal } from './refusal.ts';

/** What was asked for, in words. */
export interface Asked {
  /** As it is called in Google's console, such as `Google Slides API`. */
  api: string;
  /** Such as `presentation`. */
  thing: string;
  /** What is to be done where the account may not have it. */
  remedy: string;
  scope: string;
  /** Whose name the request had; undefined where only the token is known. */
  account: string | undefined;
}

/** No message holds a token, an address, or Google's words uncleaned. */
export function failureOf(refusal: Refusal, asked: Asked): AppError {
  const { status, message } = refusal;
  const { api, thing } = asked;
  const said = message && `: ${message}`;
  if (isBusy(refusal)) return tooManyRequests(refusal.retryAfterMs, `The ${api} was asked too often`);
  if (status === 401)
    return new AppError('google_unauthenticated', `The ${api} does not accept the access token of ${whose(asked)}`);
  if (status === 403) return new AppError('google_forbidden', forbidden(refusal, asked));
  if (status === 404)
    return new AppError('not_found', `There is no such ${thing}, or ${whose(asked)} may not know of it`);
  if (status === 408 || status >= 500 || status < 400)
    return new AppError('unavailable', `The ${api} answered ${status}`, retryAfter(refusal.retryAfterMs));
  return new AppError('google_refused', `The ${api} refused the request (${status})${said}`);
}

export function noAnswerFailure({ trouble, message }: NoAnswer, api: string): AppError {
  return new AppError(trouble === 'too large' ? 'too_large' : 'unavailable', `The ${api} ${message}`);
}

/** `retryAfterMs`: told as whole seconds, at least one. */
export function tooManyRequests(retryAfterMs: number | undefined, detail: string): AppError {
  return new AppError('too_many_requests', detail, retryAfter(retryAfterMs));
}

function retryAfter(ms: number | undefined): { headers?: Record<string, string> } {
  return ms === undefined ? {} : { headers: { 'Retry-After': String(Math.max(1, Math.ceil(ms / 1_000))) } };
}

const API_OFF = ['SERVICE_DISABLED', 'accessNotConfigured'];
const SCOPE_MISSING = ['ACCESS_TOKEN_SCOPE_INSUFFICIENT', 'insufficientPermissions'];
const NOT_TO_BE_DOWNLOADED = ['cannotDownloadFile', 'cannotDownloadAbusiveFile', 'downloadRestrictedByAdmin'];

function forbidden({ reasons, message }: Refusal, asked: Asked): string {
  const { api, thing, remedy, scope } = asked;
  const some = (known: readonly string[]) => known.some((reason) => reasons.has(reason));
  if (some(API_OFF)) return `The ${api} is not enabled in the Google Cloud project of ${whose(asked)}: enable it there`;
  if (some(SCOPE_MISSING)) return `The access token of ${whose(asked)} lacks the scope ${scope}`;
  if (some(NOT_TO_BE_DOWNLOADED))
    return `The ${thing} may not be downloaded by ${whose(asked)}${message && `: ${message}`}`;
  return `${capital(whose(asked))} may not use the ${thing}: ${remedy}`;
}

function whose({ account }: Asked): string {
  return account ?? 'the caller';
}

function capital(text: string): string {
  return text === 'the caller' ? 'The caller' : text;
}
