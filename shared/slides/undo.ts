/** Takes a job back: deletes what it created and restores what it replaced, in one write. */
import type { Blobs } from '../blobs/blobs.ts';
import { AppError, isAppError } from '../errors.ts';
import type { Google } from '../google/google.ts';
import type { Presentation } from '../google/slides.ts';
import type { Log } from '../log.ts';
import { elementsOf, readDeck } from './deck.ts';
import type { Grants } from './grants.ts';
import type { JobRecord, Undo, Undone } from './job.ts';
import { saysNotFetched, withoutRequestName } from './refused-words.ts';
import { type KeptBytes, planUndo } from './undo-plan.ts';

export interface UndoOptions {
  google: Google;
  blobs: Blobs;
  grants: Grants;
  log: Log;
}

/** Writes in all. Slides names one request that it does not take at a time. */
const MOST_WRITES = 6;
/** Of an address of Cloud Storage. */
const SIGNED_S = 300;
const NOT_TAKEN = 'Slides does not take it back';

/** A batch that was not taken. Whether that is for good the next look into the deck shows: it is where the deck is as it was planned on. */
interface Refused {
  revisionId: string | undefined;
  /** The object that is at fault, where Slides tells. */
  owner: string | undefined;
  message: string;
  /** The next time may be another one all the same: an answer before this one was lost, or Google could not fetch an image for the first time. */
  mayPass: boolean;
  /** It was at fault before. */
  again: boolean;
}

type Run = Parameters<Undo['run']>[0];
type KeptImage = JobRecord['kept'][number] & { kind: 'image' };

export function createUndo({ google, blobs, grants, log }: UndoOptions): Undo {
  /** What can be done for each image that was replaced. Opens grants, and notes each in `opened`. */
  async function bytesFor({ job, record, signal }: Run, deck: Presentation, opened: string[]) {
    const elements = new Map(elementsOf(readDeck(deck)).map(({ element }) => [element.objectId, element]));
    const bytes = new Map<string, KeptBytes>();
    for (const [at, kept] of record.kept.entries()) {
      if (kept.kind !== 'image') continue;
      const image = `undo.${at}`;
      const shown = elements.get(kept.objectId)?.image?.sourceUrl;
      if (shown !== undefined && (isSigned(shown, kept) || (await grants.isFor(shown, job, image))))
        bytes.set(kept.objectId, { shown: true });
      else if (!(await isThere(kept, signal))) bytes.set(kept.objectId, { missing: 'Its bytes are not kept any more' });
      else bytes.set(kept.objectId, await addressOf(job, image, kept, opened));
    }
    return bytes;
  }

  async function isThere({ blob }: KeptImage, signal: AbortSignal): Promise<boolean> {
    const found = await blobs.get(blob, { signal });
    await found?.body.cancel();
    return found !== undefined;
  }

  async function addressOf(job: string, image: string, kept: KeptImage, opened: string[]): Promise<KeptBytes> {
    try {
      // It ends with its blob, once the job is undone.
      if (kept.mode === 'bucket') return { address: await blobs.sign(kept.blob, SIGNED_S) };
      const { id, address } = await grants.open({ job, image, ...kept, uses: 1 });
      opened.push(id);
      return { address };
    } catch (error) {
      // What the job created goes all the same.
      if (isAppError(error, 'not_configured')) return { missing: error.message };
      throw error;
    }
  }

  /** The grants are over minutes later by themselves. */
  async function close(opened: readonly string[]): Promise<void> {
    const closed = await Promise.allSettled(opened.map((id) => grants.close(id)));
    for (const one of closed)
      if (one.status === 'rejected')
        log.warn('the address of a restored image could not be closed', { error: one.reason });
  }

  async function forget({ kept }: JobRecord): Promise<void> {
    const names = kept.flatMap((one) => (one.kind === 'image' ? one.blob : []));
    const removed = await Promise.allSettled(names.map((name) => blobs.delete(name)));
    for (const one of removed)
      if (one.status === 'rejected')
        log.warn('what was kept for an undo stays until it is swept', { error: one.reason });
  }

  return {
    async run(input) {
      const { record, identity, signal } = input;
      const { slides } = google.as(identity);
      const refused = new Set<string>();
      const hopeless = new Map<string, string>();
      const deleting = new Set<string>();
      let last: Refused | undefined;
      /** Whether the answer to the last write was lost, and to any. */
      let lost = false;
      let unknown = false;
      for (let writes = 0; ; writes++) {
        signal.throwIfAborted();
        const deck = await slides.presentation(record.presentationId, { signal });
        if (last && (last.again || (!last.mayPass && last.revisionId === deck.revisionId))) {
          if (last.owner === undefined) throw notUndone(unknown, last.message);
          hopeless.set(last.owner, notTaken(last.message));
        }
        const opened: string[] = [];
        try {
          const bytes = await bytesFor(input, deck, opened);
          const { requests, owners, undone } = planUndo(deck, { ...record, bytes, hopeless });
          if (requests.length === 0) return await done(undone);
          for (const { deleteObject } of requests) if (deleteObject) deleting.add(deleteObject.objectId);
          if (writes === MOST_WRITES) throw notUndone(unknown, last?.message);
          const outcome = await slides.batchUpdate(record.presentationId, { requests }, { signal });
          if (outcome.outcome === 'applied') return await done(undone);
          last = undefined;
          if (outcome.outcome !== 'refused') {
            lost = outcome.outcome === 'unknown';
            unknown ||= lost;
            continue;
          }
          const owner = owners[outcome.index ?? -1];
          const message = withoutRequestName(outcome.message);
          const again = owner !== undefined && refused.has(owner);
          const mayPass = lost || (owner !== undefined && saysNotFetched(message));
          last = { revisionId: deck.revisionId, owner, message, mayPass, again };
          lost = false;
          if (owner === undefined) continue;
          refused.add(owner);
          // There is no time for one after the other: what was created goes all the same.
          if (writes >= MOST_WRITES - 3)
            for (const restored of owners) if (restored !== undefined) hopeless.set(restored, notTaken(message));
        } finally {
          await close(opened);
        }
      }

      async function done(undone: Undone[]): Promise<Undone[]> {
        await forget(record);
        // What is gone after an answer that never came was deleted here.
        return undone.map((one) => (deleting.has(one.objectId) ? { ...one, action: 'deleted' } : one));
      }
    },
  };
}

/** Whether an address, as Slides shows it of an image, is one of Cloud Storage for these bytes. */
function isSigned(address: string, { mode, blob }: KeptImage): boolean {
  return mode === 'bucket' && URL.canParse(address) && new URL(address).pathname.split('/').at(-1) === blob;
}

function notTaken(message: string): string {
  return message ? `${NOT_TAKEN}: ${message}` : NOT_TAKEN;
}

/** Where an answer was lost, no refusal after it proves that nothing happened. */
function notUndone(unknown: boolean, message = ''): AppError {
  const said = message && `: ${message}`;
  return unknown
    ? new AppError('outcome_unknown', `Slides does not say whether the job was undone${said}`)
    : new AppError('google_refused', `Slides refuses to undo the job${said}`);
}
