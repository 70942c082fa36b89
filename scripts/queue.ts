/**
 * `npm run queue -- dlq <action> <subscription> ...`: what became of events that were never handled, and what is to become of them. It works on what the
 * settings name, without a server and also beside one that runs on the same data.
 *
 * Exit codes: 0; 1 where something failed or was not there; 2 where it was called wrongly.
 */
import { MANIFEST } from '#functions/manifest.ts';
import { subscriptionsOf } from '#shared/define.ts';
import { runCommand } from './command/run-command.ts';
import { runDlq } from './queue/dlq.ts';
import { openConfigured } from './queue/open.ts';
import { readCommand } from './queue/usage.ts';

await runCommand('queue', async (args) => {
  const subscriptions = subscriptionsOf(MANIFEST);
  const command = readCommand(
    args,
    subscriptions.map(({ name }) => name),
  );
  await using opened = await openConfigured(subscriptions);
  return await runDlq(command, opened.queue);
});
