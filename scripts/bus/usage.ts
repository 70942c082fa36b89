/** What was typed after `npm run bus --`, or one line that says what is wrong with it. */
import { HelpWanted, parseTyped, UsageError } from '../command/usage.ts';

export interface Command {
  /** None: from LTA itself. */
  files: string[];
  allowShrink: boolean;
  json: boolean;
}

const LINE = 'usage: npm run bus -- sync [--file <path> ...] [--allow-shrink] [--json]';

const TEXT = `${LINE}
  sync            fetches stops, services and routes from LTA DataMall with LTA_ACCOUNT_KEY, free at https://datamall.lta.gov.sg, and publishes them as one version
  --file          loads a saved list of DataMall instead, and needs no key: BusStops, BusServices, BusRoutes or PlannedBusRoutes as JSON, a bare array or as the
                  API answers it, told apart by its fields. Several files may be named, also pages of one list; lists that are not among them stay as they are
  --allow-shrink  takes a list that is more than 10 % shorter than the one it replaces
  --json          one line for programs, with npm run -s, as npm prints lines of its own without
Any doubt about a list keeps all of them as they are. A server that runs on the same data shows new lists within half a minute.`;

/** Throws UsageError and HelpWanted. */
export function readCommand(args: readonly string[]): Command {
  const { values, positionals } = parseTyped(args, {
    file: { type: 'string', multiple: true },
    'allow-shrink': { type: 'boolean' },
    json: { type: 'boolean' },
    help: { type: 'boolean', short: 'h' },
  });
  if (values.help) throw new HelpWanted(TEXT);
  const [action, ...rest] = positionals;
  if (action === undefined) throw new UsageError(LINE);
  if (action !== 'sync') throw new UsageError(`there is no command ${action}; ${LINE}`);
  if (rest.length > 0)
    throw new UsageError(`${rest[0]} does not belong here; files go after --file, each with its own`);
  const files = values.file ?? [];
  if (files.includes('')) throw new UsageError('--file needs a path');
  return { files, allowShrink: values['allow-shrink'] === true, json: values.json === true };
}
