/**
 * What this process depends on beside its store and its queue, as far as it has opened it: each tells from memory how its last real uses went. Nobody is asked anything
 * for this, since the other side may count calls.
 */
export interface Dependency {
  /** Undefined where it was not used yet. */
  ready: boolean | undefined;
  /** When it last gave a good answer, in monotonic milliseconds. */
  goodAt?: number | undefined;
  /** Why it is not ready, in a few words that anybody may read: no addresses, paths or names. */
  reason?: string | undefined;
  /** What last went wrong, for operators. Never a secret. */
  error?: string | undefined;
}

export interface Watched {
  good(): void;
  /** What it answers is of no use; `reason` is for anybody, `error` for operators. */
  bad(reason: string, error: unknown): void;
}

const known = new Map<string, Set<() => Dependency>>();

/** `read` is asked whenever somebody wants to know. Answers what to call when the dependency is closed. */
export function tellDependency(name: string, read: () => Dependency): () => void {
  const all = known.get(name) ?? new Set();
  known.set(name, all.add(read));
  return () => {
    all.delete(read);
    if (all.size === 0) known.delete(name);
  };
}

/** One that is as ready as its last use was good. `mono` is the monotonic clock. */
export function watchDependency(name: string, mono: () => number): Watched {
  const state: Dependency = { ready: undefined };
  tellDependency(name, () => state);
  return {
    good() {
      state.ready = true;
      state.goodAt = mono();
      state.reason = undefined;
    },
    bad(reason, error) {
      state.ready = false;
      state.reason = reason;
      state.error = error instanceof Error ? error.message : String(error);
    },
  };
}

/** By name. Of several that are the same to the outside, such as the lists of two functions, the one that is worst off. */
export function dependencies(): Map<string, Dependency> {
  return new Map(
    [...known].flatMap(([name, reads]) => {
      const states = [...reads].map((read) => read());
      const worst =
        states.find(({ ready }) => ready === false) ?? states.find(({ ready }) => ready === true) ?? states[0];
      return worst ? [[name, worst] as const] : [];
    }),
  );
}
