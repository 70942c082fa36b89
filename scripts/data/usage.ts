/** What was typed after `npm run data --`, or one line that says what is wrong with it. */
import { HelpWanted, parseTyped, UsageError } from '../command/usage.ts';
import type { Policy } from './page-fates.ts';

export type Command =
  | { action: 'export'; path: string; resume: boolean; json: boolean }
  | { action: 'import'; path: string; policy: Policy; dryRun: boolean; json: boolean };

const LINE = `usage: npm run data -- export --to <file> [--resume] | import --from <file> [--dry-run] [--skip-existing|--replace]; both take --json`;

const TEXT = `${LINE}
Moves all documents from the store that the settings name (HAWKER_STORE, HAWKER_DATA, GOOGLE_CLOUD_PROJECT) into one file, or from there into it.

  export            writes <file>: lines of JSON, one for each document, with counts and checksums at the end; <file>.part until it is whole
  --to              the file to make; one that is there is never overwritten
  --resume          goes on with the <file>.part that an export left which did not end
  import            checks the file, looks at the store, writes what is missing, and reads all of it back. Ended in the middle, run it again
  --from            the file to read
  --dry-run         checks and looks, and writes nothing; fails where the import would
  --skip-existing   keeps documents that are there and differ; without it, or --replace, they stop the import before it writes anything
  --replace         overwrites them
  --json            one line for programs, with npm run -s, as npm prints lines of its own without

SQLite is exported as it is at one moment, also beside a running server. Firestore is read page by page while others may write: for one moment, stop what
writes. Before an import stop the servers of both stores, and never start those of the old one again: whoever led there would go on to lead.

The queue's events, blobs, and the databases that were migrated do not move. All leases are free afterwards, with their tokens going on. API keys are moved
as hashes, but keys that sign images and push messages as they are: the file is readable by its user alone, and should stay so.

Exit codes: 0 done; 1 something failed, or documents differ; 2 it was called wrongly.`;

/** Throws UsageError and HelpWanted. */
export function readCommand(args: readonly string[]): Command {
  const { values, positionals } = parseTyped(args, {
    to: { type: 'string' },
    from: { type: 'string' },
    resume: { type: 'boolean', default: false },
    'dry-run': { type: 'boolean', default: false },
    'skip-existing': { type: 'boolean', default: false },
    replace: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h' },
  });
  if (values.help) throw new HelpWanted(TEXT);
  const [action, more] = positionals;
  if (action === undefined) throw new UsageError(LINE);
  if (action !== 'export' && action !== 'import') throw new UsageError(`there is no command ${action}; ${LINE}`);
  if (more !== undefined)
    throw new UsageError(`${action} takes its file with ${action === 'export' ? '--to' : '--from'}`);
  const { to, from, resume, replace, json, 'dry-run': dryRun, 'skip-existing': keep } = values;
  if (action === 'export') {
    if (!to) throw new UsageError('say with --to which file to make');
    if (to === '-') throw new UsageError('export writes a file, not the standard output; say with --to which one');
    if (from !== undefined || dryRun || replace || keep) throw new UsageError('export takes --to, --resume and --json');
    return { action, path: to, resume, json };
  }
  if (!from) throw new UsageError('say with --from which file to read');
  if (from === '-') throw new UsageError('import reads a file, not the standard input; say with --from which one');
  if (to !== undefined || resume)
    throw new UsageError(
      'import takes --from, --dry-run, --skip-existing or --replace, and --json; run again, it goes on by itself',
    );
  if (keep && replace) throw new UsageError('--skip-existing and --replace exclude each other');
  return { action, path: from, policy: keep ? 'keep' : replace ? 'replace' : 'refuse', dryRun, json };
}
