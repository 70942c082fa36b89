/**
 * The call by which an admin has a profile recorded: `{kind: "cpu", seconds?}` or `{kind: "heap"}`. It is written into the folder that HAWKER_DIAGNOSTICS names and never sent
 * over the network: a heap holds every secret of the process, and whoever may read it has a way to the folder.
 */
import * as z from 'zod';
import type { Runtime } from '../define.ts';
import { AppError } from '../errors.ts';
import { createAuthenticate } from '../http/auth.ts';
import { parseJson, readBody } from '../http/body.ts';
import { requireHost, requireRole } from '../http/callers.ts';
import { problemResponse, toAppError } from '../http/problem.ts';
import { inBody, validate } from '../http/validate.ts';
import type { Diagnostics } from './diagnostics.ts';

const DEFAULT_SECONDS = 10;
const BODY_LIMIT = 1_024;

const schema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('cpu'), seconds: z.int().min(1).max(60).default(DEFAULT_SECONDS) }),
  z.strictObject({ kind: z.literal('heap') }),
]);

/** Throws what it refuses: `unauthenticated`, `forbidden`, `not_configured` without the setting, `invalid` by field, and what Diagnostics.begin throws. */
export type ProfileCall = (request: Request) => Promise<Response>;

export function createProfileCall(
  runtime: Pick<Runtime, 'config' | 'store' | 'clock'>,
  /** Absent where HAWKER_DIAGNOSTICS names no folder. */
  diagnostics: Diagnostics | undefined,
): ProfileCall {
  const authenticate = createAuthenticate(runtime);
  return async (request) => {
    const caller = await authenticate(request.headers.get('Authorization') ?? undefined);
    requireRole(caller, 'admin');
    requireHost(caller);
    const sent = await readBody(request, BODY_LIMIT);
    const recording = await validate(schema, parseJson(sent, request.headers.get('Content-Type')), inBody);
    if (!diagnostics)
      throw new AppError('not_configured', 'HAWKER_DIAGNOSTICS names no folder that a recording could be written to');
    const file = await diagnostics.begin(recording);
    return Response.json({ file }, { status: 202, headers: { 'Cache-Control': 'no-store' } });
  };
}

/** The same as an answer whatever happens, for where no app makes one of what is thrown. */
export function answered(call: ProfileCall, { ids, log }: Pick<Runtime, 'ids' | 'log'>): ProfileCall {
  return async (request) => {
    try {
      return await call(request);
    } catch (error) {
      const told = toAppError(error);
      if (told.code === 'internal') log.error('a request for a profile failed', { error });
      return problemResponse(told, ids.unique());
    }
  };
}
