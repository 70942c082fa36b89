/**
 * `npm run observe -- <command> ...`: what helps to look at Hawker from outside.
 *
 * Exit codes: 0; 1 where something failed or differs; 2 where it was called wrongly.
 */
import { type Commands, runOneOf } from './command/commands.ts';

const COMMANDS: Commands = {
  'debug-header': {
    about: 'a header that has requests logged in detail and traced',
    load: () => import('./observe/debug-header.ts'),
  },
  files: {
    about: 'makes dashboards, rules, alert policies and configurations from the table of metrics and the manifest',
    load: () => import('./observability/write-files.ts'),
  },
};

await runOneOf('observe', COMMANDS, 'Each takes --help.');
