/** Slides v1, as far as it is used. */
import type { slides_v1 } from 'googleapis/build/src/apis/slides/v1.js';
import { AppError } from '../errors.ts';
import { backoffMs } from '../retry.ts';
import type { Answer } from './ask.ts';
import { LONGEST_WAIT_MS } from './ask-again.ts';
import { NoAnswer } from './attempt.ts';
import { requestOf } from './client-request.ts';
import { fetchContent } from './content.ts';
import { noAnswerFailure, tooManyRequests } from './failures.ts';
import { SCOPES } from './identity.ts';
import { readPresentation } from './read-presentation.ts';
import { isBusy, type Refusal, readRefusal } from './refusal.ts';
import { type About, askWithToken, isFileId, parseJson, readWithToken, refusedFor, type Session } from './session.ts';
import type { BatchOutcome, SlidesApi } from './slides.ts';
import type { WritePace } from './write-pace.ts';

const API = 'Google Slides API';
const ABOUT: About = {
  upstream: 'slides',
  api: API,
  thing: 'presentation',
  remedy: 'share it with that account as editor',
  scope: SCOPES.slides,
};

/** Masters, layouts and notes are most of a deck. A group's children come whole. */
const FIELDS =
  'presentationId,revisionId,pageSize,slides(objectId,pageElements(objectId,size,transform,title,description,shape,image,elementGroup))';
const READ = { operation: 'presentation', ms: 20_000, bytes: 64 * 1_048_576 };

const WRITE = { operation: 'batchUpdate', ms: 60_000, bytes: 1_048_576 };
/** Google fetches each image before it answers, perhaps one after the other. */
const FETCH_MS = 1_000;
const BUSY_BACKOFF = { baseMs: 2_000, maxMs: 32_000 };

export function createSlidesApi(session: Session, pace: WritePace): SlidesApi {
  const { clock, ids, log, rootUrl } = session;

  const checked = (presentationId: string) => {
    if (!isFileId(presentationId)) throw new AppError('not_found', 'There is no presentation with such an id');
    return presentationId;
  };

  /** The turn of a write; the time it has to wait is Google's rule, not a failure of ours. */
  const turn = (signal: AbortSignal) =>
    pace.turn(signal).catch(() => {
      throw tooManyRequests(pace.waitMs(), 'There are 60 writes a minute, and no time was left to wait for the next');
    });

  return {
    async presentation(id, { signal }) {
      const presentationId = checked(id);
      const { slides } = await import('./slides-client.ts');
      const { presentations } = slides('v1');
      const make = (headers: Record<string, string>) =>
        requestOf((options) => presentations.get({ presentationId, fields: FIELDS }, options), headers, rootUrl);
      const { bytes } = await readWithToken(session, ABOUT, make, { ...READ, signal });
      const presentation = readPresentation(parseJson(bytes));
      if (!presentation)
        throw new AppError('unavailable', `The ${API} answered with something that is no presentation`);
      return presentation;
    },

    async batchUpdate(id, { requests, requiredRevisionId }, { signal }) {
      const presentationId = checked(id);
      const { slides } = await import('./slides-client.ts');
      const { presentations } = slides('v1');
      const requestBody: slides_v1.Schema$BatchUpdatePresentationRequest = {
        requests: [...requests],
        ...(requiredRevisionId !== undefined && { writeControl: { requiredRevisionId } }),
      };
      const params = { presentationId, fields: 'presentationId,writeControl', requestBody };
      const make = (headers: Record<string, string>) =>
        requestOf((options) => presentations.batchUpdate(params, options), headers, rootUrl);

      const fetches = requests.filter(({ createImage, replaceImage }) => createImage ?? replaceImage).length;
      const bounds = { ...WRITE, ms: WRITE.ms + FETCH_MS * fetches, signal };

      for (let tries = 1; ; tries++) {
        await turn(signal);
        const answer = await askWithToken(session, ABOUT, make, bounds, tries - 1).catch(lost);
        if (!('status' in answer)) return answer;
        const refusal = readRefusal(answer, clock.now());
        if (!isBusy(refusal)) return outcomeOf(answer, refusal);
        const wait = Math.max(refusal.retryAfterMs ?? 0, backoffMs(tries, { ...BUSY_BACKOFF, ids }));
        const busy = await refusedFor(session, ABOUT, { ...refusal, retryAfterMs: wait });
        if (wait > LONGEST_WAIT_MS) throw busy;
        log.info('Google Slides takes no writes just now', { tries, wait_ms: Math.round(wait) });
        await clock.sleep(wait, signal).catch(() => {
          throw busy;
        });
      }

      /** Whether a batch was applied, where nothing says that it was not. */
      async function outcomeOf(answer: Answer, refusal: Refusal): Promise<BatchOutcome> {
        const { status } = answer;
        if (status >= 200 && status < 300) return appliedBy(answer.bytes);
        const { index, message } = refusal;
        if (status === 401 || status === 403 || status === 404) throw await refusedFor(session, ABOUT, refusal);
        if (status < 400 || status >= 500 || status === 408 || status === 409)
          return { outcome: 'unknown', reason: `The ${API} answered ${status}` };
        if (requiredRevisionId !== undefined && index === undefined && /revision/i.test(message))
          return { outcome: 'other-revision' };
        const known = index !== undefined && index < requests.length;
        return { outcome: 'refused', message: message || `The ${API} answered ${status}`, ...(known && { index }) };
      }
    },

    content: (contentUrl, maxBytes, { signal }) => fetchContent(contentUrl, maxBytes, signal, session),
  };
}

/** Nothing was sent: an error. Anything else may have been applied, and may still be. */
function lost(error: unknown): BatchOutcome {
  if (!(error instanceof NoAnswer)) throw error;
  if (error.trouble === 'not connected') throw noAnswerFailure(error, API);
  return { outcome: 'unknown', reason: `The ${API} ${error.message}` };
}

function appliedBy(bytes: Uint8Array): BatchOutcome {
  const { presentationId, writeControl } = Object(parseJson(bytes)) as {
    presentationId?: unknown;
    writeControl?: unknown;
  };
  if (typeof presentationId !== 'string')
    return { outcome: 'unknown', reason: `The ${API} answered nothing that can be read` };
  const { requiredRevisionId: revisionId } = Object(writeControl) as { requiredRevisionId?: unknown };
  return { outcome: 'applied', ...(typeof revisionId === 'string' && { revisionId }) };
}
