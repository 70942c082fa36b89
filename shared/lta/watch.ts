/** How LTA DataMall answers lately, seen from the calls that are made anyway: for whoever asks how the process is. */
import { tellDependency } from '../telemetry/dependencies.ts';
import { type ArrivalFeed, type LtaClient, LtaError } from './lta.ts';

export interface LtaWatch {
  /** The client, with what becomes of its calls remembered. */
  client: LtaClient;
  /** Arrivals come by it; that it leaves LTA alone says that LTA fails, which a single stop's failure does not. */
  tellOf(feed: Pick<ArrivalFeed, 'state'>): void;
}

export function watchLta(client: LtaClient, mono: () => number): LtaWatch {
  let used = false;
  let goodAt: number | undefined;
  let lastError: LtaError | undefined;
  let pageError: LtaError | undefined;

  async function seen<T>(call: Promise<T>, isPage: boolean): Promise<T> {
    try {
      const answer = await call;
      used = true;
      goodAt = mono();
      if (isPage) pageError = undefined;
      return answer;
    } catch (error) {
      // Whoever gave up says nothing of LTA.
      if (error instanceof LtaError) {
        used = true;
        lastError = error;
        if (isPage) pageError = error;
      }
      throw error;
    }
  }

  return {
    client: {
      arrivals: (stop, signal) => seen(client.arrivals(stop, signal), false),
      page: (set, skip, signal) => seen(client.page(set, skip, signal), true),
    },
    tellOf(feed) {
      tellDependency('LTA', () => {
        const { breaker } = feed.state();
        const ready = breaker === 'closed' && !pageError;
        const what = breaker === 'open' ? 'it failed several times and is left alone for a while' : 'it fails';
        // The messages of LtaError are this project's own, without addresses and keys: anybody may read them.
        const why = breaker === 'closed' ? pageError : lastError;
        const reason = why ? `${what}: ${why.message}` : what;
        const error = lastError && `${lastError.trouble}: ${lastError.message}`;
        return { ready: used ? ready : undefined, goodAt, ...(!ready && { reason }), error };
      });
    },
  };
}
