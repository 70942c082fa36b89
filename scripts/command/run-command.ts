/** How a command of `npm run <name> --` starts and ends. */
import { enableCompileCache } from 'node:module';
import { join } from 'node:path';
import { messageOf } from '#shared/errors.ts';
import { endWithNpm } from './end-with-npm.ts';
import { oneLine } from './print.ts';
import { HelpWanted, UsageError } from './usage.ts';

// Commands load most of what they use by `import()`, which takes a third less time from the second start on. Where it cannot be written nothing is lost.
enableCompileCache(join(import.meta.dirname, '../../node_modules/.cache/hawker'));

/** Runs it and ends the process with the code it answers. What it throws becomes one line and `codeOf` it: 2 for wrong calls, and 1 unless that says otherwise. */
export async function runCommand(
  name: string,
  main: (args: string[]) => Promise<number>,
  codeOf: (error: unknown) => number = () => 1,
): Promise<never> {
  // Whoever reads the output may have seen enough of it: `... | head`.
  process.stdout.on('error', () => process.exit(0));
  endWithNpm(name);
  try {
    const code = await main(process.argv.slice(2));
    await written();
    process.exit(code);
  } catch (error) {
    if (error instanceof HelpWanted) {
      process.stdout.write(`${error.message}\n`);
      process.exit(0);
    }
    process.stderr.write(`${name}: ${oneLine(messageOf(error))}\n`);
    process.exit(error instanceof UsageError ? 2 : codeOf(error));
  }
}

/** A pipe takes its time: what `process.exit` finds unwritten is lost. */
function written(): Promise<void> {
  return new Promise((resolve) => process.stdout.write('', () => resolve()));
}
