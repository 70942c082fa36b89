/** What kind of error it was, in few enough words for a label: https://opentelemetry.io/docs/specs/semconv/registry/attributes/error/ */
import { isAppError } from '../errors.ts';

/** The catalogue's code; the code or the name of another error, where it is one that programs make. Messages are never part of it. */
export function errorTypeOf(error: unknown): string {
  if (isAppError(error)) return error.code;
  if (!(error instanceof Error)) return '_OTHER';
  const code = (error as { code?: unknown }).code;
  if (typeof code === 'string' && /^(?:[A-Z][A-Z0-9_]{2,39}|[a-z][a-z_]{2,39})$/.test(code)) return code;
  return /^[A-Z][A-Za-z]{2,39}$/.test(error.name) ? error.name : '_OTHER';
}
