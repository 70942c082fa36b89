/**
 * What became of a commit whose answer was lost, or was a refusal that an earlier, lost attempt may have caused: told from the documents as
 * they are now. All or nothing makes one trace enough for the whole commit.
 *
 * A trace of ours is our nonce as `writer`, as `creator`, or in `replaced` when somebody wrote over it once. A document that still is at the
 * version we expected shows that nothing has happened so far; one whose present state took the place of that very version, or that lives on
 * past the version we meant to delete, shows that somebody else was first.
 */
import { type DocumentState, updateTimeOf } from './firestore-documents.ts';
import type { PreparedWrite } from './validate.ts';

export type Verdict =
  /** The commit went through, at this time (microseconds) if it wrote anything. */
  | { became: 'won'; at: number }
  /** It did not and never will: an expectation is broken for good. */
  | { became: 'lost' }
  /** It has not happened and all it expects still holds: it may be sent again. */
  | { became: 'untouched' }
  | { became: 'unknown' };

type Finding = 'untouched' | 'absent' | 'gone' | 'holds' | 'lost' | 'moved' | { at: number };

/** `states` as read after the failure, in the order of `writes`; undefined for a document that is not there. */
export function judge(
  writes: readonly PreparedWrite[],
  states: readonly (DocumentState | undefined)[],
  nonce: string,
): Verdict {
  const findings = writes.map((write, index) => findingOf(write, states[index], nonce));
  const trace = findings.find((finding) => typeof finding === 'object');
  if (trace) return { became: 'won', at: trace.at };
  if (findings.includes('lost')) return { became: 'lost' };
  const each = (...allowed: Finding[]) => findings.every((finding) => allowed.includes(finding));
  if (each('gone') || each('holds')) return { became: 'won', at: 0 };
  if (each('untouched', 'absent', 'holds')) return { became: 'untouched' };
  // A document at the expected version: nothing has happened, and what has moved elsewhere never comes back.
  if (findings.includes('untouched')) return { became: 'lost' };
  if (writes.every((write) => write.op === 'check')) return { became: 'lost' };
  return { became: 'unknown' };
}

function findingOf(write: PreparedWrite, state: DocumentState | undefined, nonce: string): Finding {
  const trace = state && traceOf(state, nonce);
  if (trace) return trace;
  // Also absent: ours, deleted by somebody since. That takes a reader and a deleter between two attempts, and is let pass.
  if (write.op === 'create') return state ? 'lost' : 'absent';
  if (!state) return write.op === 'delete' ? 'gone' : 'moved';
  if (state.version === write.ifVersion) return write.op === 'check' ? 'holds' : 'untouched';
  if (write.op === 'check') return 'moved';
  const livesOn = write.op === 'delete' && state.createdAt <= (updateTimeOf(write.ifVersion) ?? 0);
  return livesOn || state.replaced === write.ifVersion ? 'lost' : 'moved';
}

function traceOf(state: DocumentState, nonce: string): { at: number } | undefined {
  if (state.writer === nonce) return { at: updateTimeOf(state.version) ?? 0 };
  if (state.creator === nonce) return { at: state.createdAt };
  return state.replaced?.endsWith(`-${nonce}`) ? { at: updateTimeOf(state.replaced) ?? 0 } : undefined;
}
