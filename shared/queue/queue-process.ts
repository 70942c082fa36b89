/**
 * Another process on the embedded file, for tests: `node queue-process.ts <file> <spec as JSON> <publish|handle|hold>`. It tells its parent
 * each id it has published or been given, and does so until it is killed; in `hold` it never finishes what it was given.
 */
import { systemClock } from '../clock.ts';
import { systemIds } from '../ids.ts';
import { openDatabase } from '../sqlite/database.ts';
import { createKeptLog } from '../testing/kept-log.ts';
import { newEvent } from './contract-tools.ts';
import { openEmbeddedQueue } from './embedded.ts';
import type { SubscriptionSpec } from './queue.ts';

const [, , path = '', json = '', mode] = process.argv;
const spec = JSON.parse(json) as SubscriptionSpec;
const queue = openEmbeddedQueue({
  database: openDatabase(path),
  subscriptions: [spec],
  clock: systemClock,
  ids: systemIds,
  log: createKeptLog(),
});
const tell = (id: string) => process.send?.(id);

if (mode === 'publish') {
  for (;;) {
    const events = Array.from({ length: 7 }, () => newEvent('endless'));
    await Promise.all(events.map((event) => queue.publish(spec.topic, event)));
    for (const { id } of events) tell(id);
  }
} else {
  queue.consume(spec, async ({ id }) => {
    tell(id);
    if (mode === 'hold') await new Promise(() => undefined);
  });
  tell('ready');
}
