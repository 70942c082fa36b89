/**
 * `npm run bus -- sync ...`: loads the lists of stops, services and routes, from LTA DataMall or from saved files. It works on what the settings name, without a
 * server and also beside one that runs on the same data, which shows the new lists within half a minute.
 *
 * Exit codes: 0; 1 where something failed, and then nothing has changed; 2 where it was called wrongly.
 */
import { systemClock } from '#shared/clock.ts';
import { systemIds } from '#shared/ids.ts';
import { openStore } from '#shared/store/index.ts';
import { sayPublication } from './bus/show.ts';
import { fromFiles, fromLta } from './bus/sync.ts';
import { readCommand } from './bus/usage.ts';
import { runCommand } from './command/run-command.ts';
import { openWorkplace } from './command/workplace.ts';

await runCommand('bus', async (args) => {
  const { files, allowShrink, json } = readCommand(args);
  const { config, database, close } = openWorkplace('bus', 'made');
  // Before any data is made where there was none.
  const load = files.length > 0 ? await fromFiles(files) : fromLta(config);
  const store = await openStore(config, { clock: systemClock, ids: systemIds, database });
  try {
    sayPublication(await load({ store, allowShrink }), json);
    return 0;
  } finally {
    await store.close();
    close();
  }
});
