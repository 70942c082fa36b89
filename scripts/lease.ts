/**
 * `npm run lease -- <command> ...`: who leads and why, and doing something as the one who does. It works on what the settings name, without a
 * server and also beside one that runs on the same data.
 *
 * Exit codes: 0; 1 where something failed; 2 where it was called wrongly; 75 where somebody else holds the lease; else the command's own.
 */
import { isAppError } from '#shared/errors.ts';
import { type Commands, runOneOf } from './command/commands.ts';

const COMMANDS: Commands = {
  ls: { about: 'all leases, who leads and why', load: () => import('./lease/ls.ts') },
  get: { about: 'one lease', load: () => import('./lease/get.ts') },
  watch: { about: 'a line for each change, until Ctrl-C', load: () => import('./lease/watch.ts') },
  run: { about: 'runs a command while holding a lease', load: () => import('./lease/run.ts') },
  break: { about: 'takes a lease away from its holder', load: () => import('./lease/break.ts') },
  history: { about: 'the terms of a lease, the newest first', load: () => import('./lease/history.ts') },
  chaos: {
    about: 'processes that contend for a lease under faults, and whether anything went wrong',
    load: () => import('./lease/chaos.ts'),
  },
};

await runOneOf(
  'lease',
  COMMANDS,
  'Each takes --help, and --json for programs, as in `npm run -s lease -- ls --json`: without -s npm prints lines of its own.',
  (error) => (isAppError(error, 'invalid') ? 2 : 1),
);
