/** golang-migrate's own walk, written after migrate.go (read, readUp, readDown) line by line, as what the planner is compared with. */

const NIL = -1;

export interface Walked {
  /** Version of the file, and what the row says after it. */
  steps: [version: number, target: number][];
  error?: string;
}

const noFile = (version: number) =>
  `no migration found for version ${version}: read down for version ${version} .: file does not exist`;

/** `versions` ascending; -1 is the nil version and, as a limit, none. */
export function createWalk(versions: readonly number[]) {
  const next = (from: number) => versions.find((version) => version > from);
  const prev = (from: number) => versions.findLast((version) => version < from);

  return {
    read(from: number, to: number): Walked {
      const steps: Walked['steps'] = [];
      if (from >= 0 && !versions.includes(from)) return { steps, error: noFile(from) };
      if (to >= 0 && !versions.includes(to)) return { steps, error: noFile(to) };
      if (from === to) return { steps, error: 'no change' };
      if (from < to) {
        for (let at = from; at < to; ) {
          const version = next(at) as number;
          steps.push([version, version]);
          at = version;
        }
        return { steps };
      }
      for (let at = from; at > to; ) {
        const version = prev(at);
        steps.push([at, version ?? NIL]);
        if (version === undefined) return { steps };
        at = version;
      }
      return { steps };
    },

    readUp(from: number, limit: number): Walked {
      const steps: Walked['steps'] = [];
      if (from >= 0 && !versions.includes(from)) return { steps, error: noFile(from) };
      if (limit === 0) return { steps, error: 'no change' };
      let at = from;
      for (let count = 0; count < limit || limit === -1; count++) {
        const version = next(at);
        if (version === undefined) {
          if (at === NIL) return { steps, error: 'first .: file does not exist' };
          if (limit === -1) return count === 0 ? { steps, error: 'no change' } : { steps };
          return { steps, error: count === 0 ? 'file does not exist' : `limit ${limit - count} short` };
        }
        steps.push([version, version]);
        at = version;
      }
      return { steps };
    },

    readDown(from: number, limit: number): Walked {
      const steps: Walked['steps'] = [];
      if (from >= 0 && !versions.includes(from)) return { steps, error: noFile(from) };
      if (limit === 0) return { steps, error: 'no change' };
      if (from === NIL) return { steps, error: 'file does not exist' };
      let at = from;
      for (let count = 0; count < limit; count++) {
        const version = prev(at);
        steps.push([at, version ?? NIL]);
        if (version === undefined)
          return count + 1 < limit ? { steps, error: `limit ${limit - count - 1} short` } : { steps };
        at = version;
      }
      return { steps };
    },
  };
}
