/**
 * `npm run lease -- <command> ...`: who leads and why, and doing something as the one who does. It works on what the settings name, without a
 * server and also beside one that runs on the same data.
 *
 * Exit codes: 0; 1 where something failed; 2 where it was called wrongly; 75 where somebody else holds the lease; else the command's own.
 */
import { isAppError } from '#shared/errors.ts';
import { oneLine } from './command/print.ts';
import { runCommand } from './command/run-command.ts';
import { HelpWanted, UsageError } from './command/usage.ts';

/** What each command is: its arguments as they were typed, its exit code. */
interface Command {
  run(args: string[]): Promise<number>;
}

const COMMANDS: Record<string, { about: string; load: () => Promise<Command> }> = {
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

const HELP = `usage: npm run lease -- <command> ...

${Object.entries(COMMANDS)
  .map(([name, { about }]) => `  ${name.padEnd(8)} ${about}`)
  .join('\n')}

Each takes --help, and --json for programs, as in \`npm run -s lease -- ls --json\`: without -s npm prints lines of its own.`;

async function main([name, ...args]: string[]): Promise<number> {
  if (name === '--help' || name === '-h') throw new HelpWanted(HELP);
  if (name === undefined) throw new UsageError(`name a command: ${Object.keys(COMMANDS).join(', ')}`);
  if (!Object.hasOwn(COMMANDS, name))
    throw new UsageError(`there is no command ${oneLine(name)}; there are ${Object.keys(COMMANDS).join(', ')}`);
  const command = await COMMANDS[name]?.load();
  return command?.run(args) ?? 1;
}

await runCommand('lease', main, (error) => (isAppError(error, 'invalid') ? 2 : 1));
