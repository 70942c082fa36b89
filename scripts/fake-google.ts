/**
 * `npm run fake-google [-- --port n]`: a stand-in for Google on this machine, for trying private images in Slides without an account. It is the one that the tests use: it checks requests against the
 * published schema, fetches images as Google does, and forgets everything when it ends.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { startFakeGoogle } from '#shared/testing/google/start.ts';
import { say } from './command/print.ts';
import { runCommand } from './command/run-command.ts';
import { HelpWanted, parseTyped, UsageError } from './command/usage.ts';
import { DEMO_DECK, demoDeck } from './fake-google/demo-deck.ts';

const LINE = 'usage: npm run fake-google -- [--port <n>]';
const LOOK_MS = 200;

await runCommand('fake-google', async (args) => {
  const { values } = parseTyped(args, {
    port: { type: 'string', default: '9099' },
    help: { type: 'boolean', short: 'h' },
  });
  if (values.help) throw new HelpWanted(LINE);
  if (!/^\d{1,5}$/.test(values.port) || Number(values.port) > 65_535)
    throw new UsageError(`--port must be a whole number from 0 to 65535; ${LINE}`);
  const ended = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => ended.abort());
  await using google = await startFakeGoogle({ port: Number(values.port) });
  google.slides.addDeck(demoDeck());
  say(`${DEMO_DECK} is there, shared with ${google.account}. Start Hawker with`);
  say(
    `export ${Object.entries(google.env)
      .map((setting) => setting.join('='))
      .join(' ')}`,
  );
  let told = 0;
  while (!ended.signal.aborted) {
    for (const { deck, requests } of google.slides.batches.slice(told)) {
      say(`${deck}: ${requests.length} requests in one write`);
      for (const id of google.slides.elementIds(deck)) {
        const address = google.slides.element(deck, id)?.image?.sourceUrl;
        if (address !== undefined) say(`  ${id} was fetched from ${address}`);
      }
    }
    told = google.slides.batches.length;
    await sleep(LOOK_MS, undefined, { signal: ended.signal }).catch(() => undefined);
  }
  return 0;
});
