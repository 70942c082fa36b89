/**
 * `npm run migrate -- <command> ...`: migrates databases from this process, and tells how far they are. It works on what the settings name, without a
 * server and also beside one that runs on the same data. `--compat` speaks golang-migrate's command line instead.
 *
 * Exit codes: 0 done; 3 no change; 4 pending (status); 5 locked; 6 dirty; 7 drift (verify); 8 lint found errors; 9 goes on elsewhere; 130 and 143 ended by a signal; 1 failed; 2 called wrongly.
 */
import { AppError, CATALOGUE } from '#shared/errors.ts';
import { sayJson } from './command/print.ts';
import { runCommand } from './command/run-command.ts';
import { exitCodeOf } from './migrate/exit-codes.ts';
import { readTyped } from './migrate/usage.ts';

const COMPAT = '--compat';

async function main(args: string[]): Promise<number> {
  if (args.includes(COMPAT)) {
    const { runCompat } = await import('./migrate/compat.ts');
    return runCompat(args.filter((arg) => arg !== COMPAT));
  }
  const typed = readTyped(args);
  const { runTyped } = await import('./migrate/commands.ts');
  try {
    return await runTyped(typed);
  } catch (error) {
    if (typed.json && error instanceof AppError) {
      const { status, title } = CATALOGUE[error.code];
      sayJson({ title, status, detail: error.message, code: error.code });
    }
    throw error;
  }
}

await runCommand('migrate', main, (error) => (error instanceof AppError ? exitCodeOf(error.code) : 1));
