/** What one process' lines say, put together: what it held, and what it committed. */
import type { Line } from './evidence.ts';

/** One stretch in which a process held the lease. */
export interface Hold {
  who: string;
  identity: string;
  token: number;
  resumed: boolean;
  asked: number;
  /** Absent where it never came to count on it. */
  counted?: {
    /** Not counted on for certain before this moment; for certain at `start`, and from then on until `end`. */
    earliest: number;
    start: number;
    end: number;
  };
}

export interface Commit {
  id: string;
  who: string;
  token: number;
  at: number;
  told: { outcome: 'done' | 'refused' | 'unknown'; code: string; at: number };
}

export function whoWrote(file: string, lines: readonly Line[]): string {
  const began = lines.find((line) => line.kind === 'began');
  return began ? `${began.worker} (pid ${began.pid})` : file;
}

/**
 * A term was counted on from the end of the first `assert()` that passed: it may have passed just before. It was counted on until the latest moment
 * that `remaining()` named, also by a process that was killed or stopped meanwhile: nobody could know that it would not go on. What
 * was released is over with the call, also where the same term had been looked at before it was resumed.
 */
export function holdsOf(who: string, lines: readonly Line[]): Hold[] {
  const holds = new Map<number, Hold>();
  for (const line of lines) {
    if (line.kind === 'held') {
      const { hold, identity, token, resumed, asked } = line;
      holds.set(hold, { who, identity, token, resumed, asked });
    }
    if (line.kind !== 'counts' && line.kind !== 'over') continue;
    const hold = holds.get(line.hold);
    if (!hold) continue;
    if (line.kind === 'counts') {
      const { counted } = hold;
      const end = Math.max(line.from, line.until, counted?.end ?? 0);
      hold.counted = { earliest: counted?.earliest ?? line.from, start: counted?.start ?? line.to, end };
    } else if (line.how === 'released')
      for (const { token, counted } of holds.values())
        if (counted && token === hold.token) counted.end = Math.min(counted.end, line.at);
  }
  return [...holds.values()];
}

/** A process that died before it was told leaves it unknown. */
export function commitsOf(who: string, lines: readonly Line[]): Commit[] {
  const commits = new Map<string, Commit>();
  for (const line of lines) {
    if (line.kind === 'commit') {
      const told = { outcome: 'unknown', code: '', at: Number.POSITIVE_INFINITY } as const;
      commits.set(line.id, { id: line.id, who, token: line.token, at: line.at, told });
    }
    const commit = line.kind === 'told' ? commits.get(line.id) : undefined;
    if (line.kind === 'told' && commit) commit.told = { outcome: line.outcome, code: line.code, at: line.at };
  }
  return [...commits.values()];
}
