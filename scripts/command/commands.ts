/** A program that is a set of commands: `npm run <program> -- <command> ...`. */
import { oneLine } from './print.ts';
import { runCommand } from './run-command.ts';
import { HelpWanted, UsageError } from './usage.ts';

/** One command, loaded when it is called. */
export interface Command {
  /** Gets its arguments as they were typed, and answers its exit code. */
  run(args: string[]): Promise<number>;
}

export interface Commands {
  [name: string]: { about: string; load: () => Promise<Command> };
}

/** Runs the command that was named and ends the process. `more` is said of all of them in the help. */
export function runOneOf(
  program: string,
  commands: Commands,
  more: string,
  codeOf?: (error: unknown) => number,
): Promise<never> {
  const names = Object.keys(commands);
  const width = Math.max(...names.map(({ length }) => length)) + 1;
  const list = Object.entries(commands).map(([name, { about }]) => `  ${name.padEnd(width)} ${about}`);
  const main = async ([name, ...args]: string[]): Promise<number> => {
    if (name === '--help' || name === '-h')
      throw new HelpWanted(`usage: npm run ${program} -- <command> ...\n\n${list.join('\n')}\n\n${more}`);
    if (name === undefined) throw new UsageError(`name a command: ${names.join(', ')}`);
    if (!Object.hasOwn(commands, name))
      throw new UsageError(`there is no command ${oneLine(name)}; there are ${names.join(', ')}`);
    const command = await commands[name]?.load();
    return command?.run(args) ?? 1;
  };
  return runCommand(program, main, codeOf);
}
