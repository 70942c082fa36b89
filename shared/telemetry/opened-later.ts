/** A sender that is opened by the first who sends: no start waits for what is needed some seconds after it. */
import { messageOf } from '../errors.ts';
import { openedOnce } from '../opened-once.ts';
import type { CollectorTroubles } from './collector-troubles.ts';
import type { OtlpSender } from './otlp-sender.ts';

/** Where `open` rejects, what was to be sent is lost and told of, and the next to be sent opens it anew. */
export function openedLater(open: () => Promise<OtlpSender>, troubles: Pick<CollectorTroubles, 'lost'>): OtlpSender {
  let opened: OtlpSender | undefined;
  /** By two at once too: it is one sender that knows whether the collector is away. */
  const openOnce = openedOnce(open);
  return {
    get away() {
      return opened?.away ?? false;
    },
    get resting() {
      return opened?.resting ?? false;
    },
    async send(body, count, withinMs, signal) {
      try {
        opened = await openOnce();
      } catch (error) {
        troubles.lost(count, messageOf(error));
        return false;
      }
      return opened.send(body, count, withinMs, signal);
    },
  };
}
