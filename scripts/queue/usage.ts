/** What was typed after `npm run queue --`, or one line that says what is wrong with it. */
import { HelpWanted, parseTyped, UsageError } from '../command/usage.ts';

const ACTIONS = ['ls', 'show', 'redrive', 'purge'] as const;

export interface Command {
  action: (typeof ACTIONS)[number];
  subscription: string;
  /** Undefined: all of them, as far as the limit goes. */
  ids: string[] | undefined;
  /** How many at most. */
  limit: number;
  json: boolean;
}

const LINE =
  'usage: npm run queue -- dlq ls|show|redrive|purge <subscription> [id ...|--all] [--limit <n>] [--json] [--yes]';

const TEXT = `${LINE}
  ls        the dead letters of a subscription, the newest first: id, type, attempts, when and why
  show      the events themselves, with all their data
  redrive   delivers them again: the same events, their attempts counted anew. On Pub/Sub they go to all subscriptions of the topic
  purge     removes them for good; needs --yes
  --all     all of them instead of some ids: the oldest first for redrive and purge, the newest first for show
  --limit   with ls and --all, how many at most: 1 to 1000 for ls and show, 100 without it; 1 to 1000000 for the others, all without it
  --json    one line for programs, with npm run -s, as npm prints lines of its own without
A subscription is named like the function whose events it delivers.`;

const SHOWN = { most: 1_000, without: 100 };
const TOUCHED = { most: 1_000_000, without: Number.POSITIVE_INFINITY };

/** Throws UsageError and HelpWanted. */
export function readCommand(args: readonly string[], subscriptions: readonly string[]): Command {
  const { values, positionals } = parsed(args);
  if (values.help) throw new HelpWanted(TEXT);
  const [group, typed, subscription, ...ids] = positionals;
  if (group === undefined) throw new UsageError(LINE);
  if (group !== 'dlq') throw new UsageError(`there is no command ${group}; ${LINE}`);
  const action = ACTIONS.find((name) => name === typed);
  if (!action) throw new UsageError(typed === undefined ? LINE : `there is no action ${typed}; ${LINE}`);
  const known = `there are ${subscriptions.join(', ')}`;
  if (subscription === undefined) throw new UsageError(`name a subscription; ${known}`);
  if (!subscriptions.includes(subscription)) throw new UsageError(`there is no subscription ${subscription}; ${known}`);

  if (action === 'ls' && (ids.length > 0 || values.all)) throw new UsageError('ls takes neither ids nor --all');
  if (action !== 'ls' && ids.length > 0 === (values.all === true))
    throw new UsageError(`${action} takes either ids, as ls shows them, or --all`);
  if (ids.length > 0 && values.limit !== undefined) throw new UsageError('--limit goes with ls and with --all');
  if (action === 'purge' && !values.yes) throw new UsageError('purge removes them for good; say so with --yes');
  if (action !== 'purge' && values.yes) throw new UsageError('--yes goes with purge');
  return {
    action,
    subscription,
    ids: ids.length > 0 ? ids : undefined,
    limit: limitOf(values.limit, action === 'ls' || action === 'show' ? SHOWN : TOUCHED),
    json: values.json === true,
  };
}

function limitOf(text: string | undefined, { most, without }: typeof SHOWN): number {
  if (text === undefined) return without;
  const value = Number(text);
  if (!/^\d{1,9}$/.test(text) || value < 1 || value > most)
    throw new UsageError(`--limit must be a whole number from 1 to ${most}, not ${JSON.stringify(text)}`);
  return value;
}

function parsed(args: readonly string[]) {
  return parseTyped(args, {
    all: { type: 'boolean' },
    limit: { type: 'string' },
    json: { type: 'boolean' },
    yes: { type: 'boolean' },
    help: { type: 'boolean', short: 'h' },
  });
}
