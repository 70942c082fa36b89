/** What PostgreSQL's errors mean to a run. Its codes: https://www.postgresql.org/docs/current/errcodes-appendix.html */
import { AppError, isAppError } from '../../errors.ts';
import { type ServerPlace, unreached } from '../unreached.ts';
import { FENCED, MOVED } from './tables.ts';

/** What of an error is looked at; its own text may hold the address. */
interface PgError {
  code?: string;
  message: string;
  position?: string;
  detail?: string;
  hint?: string;
  where?: string;
}

export const asPgError = (error: unknown): PgError => error as PgError;

/** The five letters, where the database itself has answered. */
export function sqlStateOf(error: unknown): string | undefined {
  const { code } = asPgError(error);
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) && 'severity' in (error as object) ? code : undefined;
}

/** Its administrator or its crash ended the session, or the wire broke. */
export function isLost(error: unknown): boolean {
  const state = sqlStateOf(error);
  return state === undefined || /^(08|57P0[1-5]|25P03)/.test(state);
}

/** Waited for somebody else in vain: the same may succeed later. */
const WAITED: Readonly<Record<string, string>> = {
  '55P03': 'lock_timeout',
  '40P01': 'deadlock',
  '40001': 'serialization failure',
};

/** For those errors that mean the same whatever was asked. */
export function commonFailure(error: unknown, what: string): AppError | undefined {
  if (isAppError(error)) return error;
  const state = sqlStateOf(error);
  const { message } = asPgError(error);
  if (state === undefined) {
    const why = asPgError(error).code;
    return new AppError('unavailable', `the connection to PostgreSQL was lost ${what}${why ? ` (${why})` : ''}`);
  }
  if (isLost(error))
    return new AppError('unavailable', `PostgreSQL ended the connection ${what}: ${message} (${state})`);
  if (state === '22P02' && message.includes(FENCED))
    return new AppError('lease_lost', 'a later term has written to this database');
  if (state === '22P02' && message.includes(MOVED)) {
    const found = message.slice(message.indexOf(MOVED) + MOVED.length).replaceAll('"', '');
    return new AppError('conflict', `the database is not at the version that was planned on, but at:${found}`);
  }
  if (WAITED[state])
    return new AppError('unavailable', `${WAITED[state]}: ${message} (${state})`, { cause: { sqlstate: state } });
  return undefined;
}

/** For what is asked beside migrations. */
export function failure(error: unknown, what: string): AppError {
  const common = commonFailure(error, what);
  if (common) return common;
  const state = sqlStateOf(error) ?? '';
  const { message } = asPgError(error);
  // Sign-in, a database that is not there, rights: nothing that time heals.
  const refused = /^(28|3D|3F|42|25006)/.test(state);
  return new AppError(refused ? 'migration_refused' : 'unavailable', `${what}: ${message} (${state})`);
}

/** `pg` has no code for it. */
const NO_ANSWER = 'timeout expired';

/** Nothing was there yet that could be lost. */
export function notOpened(error: unknown, place: ServerPlace | undefined): AppError {
  if (isAppError(error) || sqlStateOf(error) !== undefined) return failure(error, 'while it was being opened');
  const { message } = asPgError(error);
  const code = message === NO_ANSWER ? 'ETIMEDOUT' : asPgError(error).code;
  const why = code ?? 'what answers there hung up, or is no PostgreSQL';
  return unreached(code, place) ?? new AppError('unavailable', `no connection to PostgreSQL came about (${why})`);
}

/** `position` counts code points from 1. */
export function lineAndColumn(text: string, position: number): { line: number; column: number } {
  const before = [...text]
    .slice(0, position - 1)
    .join('')
    .split('\n');
  return { line: before.length, column: [...(before.at(-1) ?? '')].length + 1 };
}

interface Place {
  file: string;
  text: string;
  /** From 1. */
  statement?: number | undefined;
  statements?: number | undefined;
  /** Code points from 1, within the text. */
  position?: number | undefined;
  /** Where nothing better is known. */
  line?: number | undefined;
  advice?: string;
}

/** The migration itself is at fault. Its place comes in golang-migrate's words, `(column C)` and `in line L`. */
export function scriptFailure(error: unknown, place: Place): AppError {
  const { message, detail, hint } = asPgError(error);
  const state = sqlStateOf(error);
  const { line, column } = place.position
    ? lineAndColumn(place.text, place.position)
    : { line: place.line, column: undefined };
  const { file, statement, statements } = place;
  const parts = [
    `${file}${statement ? `: statement ${statement} of ${statements}` : ''}: ${message}`,
    column ? ` (column ${column})` : '',
    detail ? `, ${detail}` : '',
    line ? ` in line ${line}` : '',
    state ? ` (${state})` : '',
    hint ? `. ${hint}` : '',
    place.advice ? `. ${place.advice}` : '',
  ];
  return new AppError('migration_failed', parts.join(''), {
    cause: { file, statement, line, column, sqlstate: state },
  });
}
