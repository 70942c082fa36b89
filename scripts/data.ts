/**
 * `npm run data -- export|import ...`: moves all documents from one store to another, by way of a file. It works on the store that the settings name, without
 * a server.
 *
 * Exit codes: 0; 1 where something failed or documents differ; 2 where it was called wrongly.
 */
import { MANIFEST } from '#functions/manifest.ts';
import { systemClock } from '#shared/clock.ts';
import { systemIds } from '#shared/ids.ts';
import { sayJson } from './command/print.ts';
import { runCommand } from './command/run-command.ts';
import { movedCollections } from './data/collections.ts';
import { exportData } from './data/export.ts';
import { importData } from './data/import.ts';
import { openMovable } from './data/open.ts';
import { checkFile } from './data/read-file.ts';
import { showExported, showImported } from './data/show.ts';
import { type Command, readCommand } from './data/usage.ts';

const collections = movedCollections(MANIFEST);

await runCommand('data', (args) => {
  const command = readCommand(args);
  return command.action === 'export' ? runExport(command) : runImport(command);
});

async function runExport({ path, resume, json }: Command & { action: 'export' }): Promise<number> {
  await using opened = await openMovable('needed');
  const { store, name: from } = opened;
  const warnings = opened.warnings(collections);
  const oneMoment = opened.holdMoment();
  const trailer = await exportData({ store, clock: systemClock, collections, path, from, resume, oneMoment });
  for (const warning of warnings) process.stderr.write(`data: ${warning}\n`);
  if (json) sayJson({ path, ...trailer, warnings });
  else showExported(path, trailer);
  return 0;
}

async function runImport({ path, policy, dryRun, json }: Command & { action: 'import' }): Promise<number> {
  // Before a store is opened, and maybe made, for it.
  const file = await checkFile(path, collections);
  await using opened = await openMovable('made');
  const { store } = opened;
  // What stands in the way of writing shows now, and not after all was looked at.
  if (!dryRun) await store.check();
  const parts = { store, clock: systemClock, ids: systemIds };
  const { counts, differing } = await importData({ ...parts, path, file, policy, dryRun });
  if (json) sayJson({ path, dryRun, counts, differing });
  else showImported(counts, dryRun, differing);
  return differing.length > 0 ? 1 : 0;
}
