/** What a step on documents has before it: how many, how long, for how much, and what the first ones would look like. Reads alone. */
import type { DocumentData } from '@google-cloud/firestore';
import type { Step } from '../migration.ts';
import type { Estimate, Sample } from '../session.ts';
import { countOf } from './apply.ts';
import { changed, changeOf } from './change.ts';
import type { Connection } from './connection.ts';
import { readOurs } from './ours.ts';
import { durationOf } from './pace.ts';
import { type DocumentsScript, loadScript, queryKey } from './script.ts';
import { askQuery, nameOf, queryOf } from './take-page.ts';
import { exact, shown } from './values.ts';

/** US dollars for 100,000: Firestore's list price (https://cloud.google.com/firestore/pricing), which differs by region. Entries of indexes cost room, not operations. */
const PRICE = { reads: 0.06, writes: 0.18 } as const;
/** A page reads the version and the checkpoint and writes the checkpoint. */
const OWN = { reads: 2, writes: 1 } as const;
/** An aggregation costs a read for so many. */
const COUNTED = 1_000;
/** Where few documents are to be changed, a preview ends here. */
const MOST_LOOKED_AT = 1_000;

export async function estimateDocuments(connection: Connection, step: Step): Promise<Estimate | undefined> {
  const script = await scriptOf(step);
  if (!script) return undefined;
  const rows = await countOf(connection, script, await cursorOf(connection, step, script));
  const pages = Math.ceil(rows / script.batch);
  const reads = rows + Math.ceil(rows / COUNTED) + pages * OWN.reads;
  // As if each were changed; a deletion is cheaper, and one that stays as it is costs nothing.
  const writes = rows + pages * OWN.writes;
  return {
    ...{ rows, pages, reads, writes, etaMs: durationOf(rows, script.perSecond, connection.ramps) },
    costUsd: Number(((reads * PRICE.reads + writes * PRICE.writes) / 100_000).toFixed(4)),
  };
}

/** Of at most 1,000 documents the first that would be changed; what a document makes anew follows it. */
export async function previewDocuments(connection: Connection, step: Step, rows: number): Promise<Sample[]> {
  const script = await scriptOf(step);
  if (!script) return [];
  const samples: Sample[] = [];
  let cursor = await cursorOf(connection, step, script);
  for (let looked = 0; samples.length < rows && looked < MOST_LOOKED_AT; ) {
    const query = queryOf(connection, script, cursor).limit(Math.min(rows * 2, 100));
    const { docs } = await askQuery(connection, script, () => query.get());
    if (docs.length === 0) break;
    for (const doc of docs) {
      const change = changeOf(script, doc, connection.sdk);
      if (!change || samples.length >= rows) continue;
      const before = exact(doc.data()) as DocumentData;
      const after = change.delete ? null : shown(changed(before, change));
      if (after === null || Object.keys(change.set).length + change.remove.length > 0)
        samples.push({ key: doc.ref.path, before: shown(before), after });
      samples.push(...change.create.map(({ path, data }) => ({ key: path, before: null, after: shown(data) })));
    }
    looked += docs.length;
    cursor = docs.at(-1)?.ref.path;
  }
  return samples.slice(0, rows);
}

async function scriptOf({ direction, migration }: Step): Promise<DocumentsScript | undefined> {
  const text = migration[direction];
  return text && loadScript(text);
}

async function cursorOf(connection: Connection, step: Step, script: DocumentsScript): Promise<string | undefined> {
  const { underWay } = await readOurs(connection);
  return underWay?.step === nameOf(step) && underWay.query === queryKey(script) ? underWay.cursor : undefined;
}
