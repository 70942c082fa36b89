/** What was typed after `npm run slides-probe --`. */
import { HelpWanted, parseTyped, UsageError } from '../command/usage.ts';

export interface Probe {
  presentation: string;
  /** A slide's object id; the first one where absent. */
  page: string | undefined;
  /** Experiments to make; all of them where there are none. */
  only: string[];
  json: boolean;
}

const LINE = 'usage: npm run slides-probe -- --presentation <id> [--page <object id>] [--json] [experiment ...]';

/** Throws UsageError and HelpWanted. */
export function readProbe(args: readonly string[], experiments: readonly string[]): Probe {
  const { values, positionals: only } = parseTyped(args, {
    presentation: { type: 'string' },
    page: { type: 'string' },
    json: { type: 'boolean' },
    help: { type: 'boolean', short: 'h' },
  });
  if (values.help)
    throw new HelpWanted(`${LINE}
  --presentation   a deck for trying things that the account may edit; what is put there is taken away again
  --page           the slide to work on; the first one without it
  --json           one line for each experiment, with npm run -s, as npm prints lines of its own without
Experiments: ${experiments.join(', ')}. Google must reach this machine: set HAWKER_PUBLIC_URL to a tunnel that leads to PORT.`);
  if (values.presentation === undefined) throw new UsageError(LINE);
  const unknown = only.filter((name) => !experiments.includes(name));
  if (unknown.length > 0)
    throw new UsageError(`there is no experiment ${unknown.join(', ')}; there are ${experiments.join(', ')}`);
  return { presentation: values.presentation, page: values.page, only, json: values.json === true };
}
