/** Whether a commit's expectations hold, for drivers that can look at the documents while nobody else writes. */
import { AppError } from '../errors.ts';
import type { Version } from './store.ts';
import { nameOf, type PreparedWrite } from './validate.ts';

/** Throws `conflict` unless all hold, or the writes are deletes alone and all is gone already. */
export function requireExpectations(
  writes: readonly PreparedWrite[],
  versionOf: (write: PreparedWrite) => Version | undefined,
): void {
  const versions = writes.map(versionOf);
  if (writes.every((write) => write.op === 'delete') && versions.every((version) => version === undefined)) return;
  writes.forEach((write, index) => {
    const expected = write.op === 'create' ? undefined : write.ifVersion;
    if (versions[index] !== expected) throw conflict(write);
  });
}

export function conflict(write: { op: string; collection: string; id: string }): AppError {
  const what = write.op === 'create' ? 'exists already' : 'is not what it was when it was read';
  return new AppError('conflict', `${nameOf(write)} ${what}`);
}

/** What a commit answers: the new version for what was written, the expected one for what was deleted or only looked at. */
export function versionsAfter(writes: readonly PreparedWrite[], version: Version): Version[] {
  return writes.map((write) => (write.op === 'delete' || write.op === 'check' ? write.ifVersion : version));
}
