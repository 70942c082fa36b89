/** What was typed after `npm run migrate -- rollout` and `fleet`. */
import {
  MOST_PARALLEL,
  MOST_TARGETS,
  MOST_WAVES,
  type RolloutCommand,
  type WaveAsked,
} from '#shared/migrations/rollout/rollout.ts';
import { KINDS, type Kind } from '#shared/migrations/target.ts';
import { oneLine } from '../command/print.ts';
import { HelpWanted, UsageError } from '../command/usage.ts';
import { dollars, duration, id, MOST_STEPS, parseHyphened, version, whole } from './typed-numbers.ts';

interface AskedHere {
  command: RolloutCommand;
  waves: WaveAsked[];
  parallel: number;
  errorBudget: number;
  lockTimeoutMs?: number;
  maxCostUsd?: number;
}

export type RolloutTyped = { target?: string; json: boolean; yes: boolean } & (
  | { does: 'fleet' }
  | { does: 'rollout'; asked: AskedHere; dryRun: boolean }
  | { does: 'rollout of'; verb: Verb; rollout: string }
);

const VERBS = ['show', 'cancel', 'approve'] as const;
type Verb = (typeof VERBS)[number];

const TEXT = `usage: npm run migrate -- rollout up [N] | goto V   many databases, wave after wave, from this process
       npm run migrate -- rollout show | cancel | approve <id>
       npm run migrate -- fleet                  which database is at which version, and whether equal versions have equal schemas

  --wave <conditions>  may be given often: stage=canary (a label), region=.., kind=.., target=.. (may be repeated), joined by commas; rest takes what is left; with approve among them it waits
                       until rollout approve. Each database is in the first wave that matches; without --wave all are in one
  --parallel <n>       databases at a time: 1 without it, up to ${MOST_PARALLEL}
  --error-budget <n>   how many may fail without stopping it: 0 without it
  --max-cost <usd>     no run begins a step that is likely to cost more
  --lock-timeout       how long each run waits for others: 30s without it, and 79s for SQLite
  --dry-run            which database falls into which wave, and nothing is done
  --json               one JSON document at the end, as the HTTP interface answers it
rollout approve goes on here also with a rollout whose process was killed.
Exits with 0: done, 3: no change anywhere, 7: schemas differ or a database is dirty (fleet), 9: waits for approval or goes on elsewhere, 1: failed, 2: typed wrongly.`;

/** `args` from the word `rollout` or `fleet` on. Throws UsageError and HelpWanted. */
export function readRolloutTyped([name = '', ...args]: readonly string[]): RolloutTyped {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  const { values, positionals } = parseHyphened(args, {
    ...{ wave: { ...text, multiple: true }, parallel: text, 'error-budget': text, 'max-cost': text },
    ...{ 'lock-timeout': text, 'dry-run': flag, json: flag, help: { ...flag, short: 'h' } },
  });
  if (values.help) throw new HelpWanted(TEXT);
  const { json = false, help: _, ...options } = values;
  const common = { json, yes: false };
  const noOptions = (what: string) => {
    const [option] = Object.keys(options);
    if (option !== undefined) throw new UsageError(`--${option} is not for ${what}`);
  };
  const [word = '', given, ...more] = positionals;
  const only = (extra: string | undefined) => {
    if (extra !== undefined) throw new UsageError(`what is ${JSON.stringify(extra)} for? See ${name} --help`);
  };
  if (name === 'fleet') {
    only(positionals[0]);
    noOptions('fleet');
    return { ...common, does: 'fleet' };
  }
  only(more[0]);
  const verb = VERBS.find((one) => one === word);
  if (verb) {
    noOptions(`rollout ${verb}`);
    return { ...common, does: 'rollout of', verb, rollout: id(`rollout ${verb}`, 'rollout', given) };
  }
  if (word !== 'up' && word !== 'goto')
    throw new UsageError(`rollout is followed by up, goto, ${VERBS.join(', ')}${word && `, not ${oneLine(word)}`}`);
  const wait = options['lock-timeout'];
  const cost = options['max-cost'];
  const budget = options['error-budget'] ?? '0';
  const waves = (options.wave ?? ['rest']).map(readWave);
  if (waves.length > MOST_WAVES) throw new UsageError(`there are at most ${MOST_WAVES} waves`);
  return {
    ...common,
    does: 'rollout',
    dryRun: options['dry-run'] === true,
    asked: {
      command:
        word === 'goto'
          ? { command: 'goto', version: version('goto', given) }
          : { command: 'up', ...(given !== undefined && { steps: whole('up', given, MOST_STEPS) }) },
      waves,
      parallel: whole('--parallel', options.parallel ?? '1', MOST_PARALLEL),
      errorBudget: budget === '0' ? 0 : whole('--error-budget', budget, MOST_TARGETS),
      ...(wait !== undefined && { lockTimeoutMs: duration(wait) }),
      ...(cost !== undefined && { maxCostUsd: dollars(cost) }),
    },
  };
}

function readWave(given: string): WaveAsked {
  const labels: Record<string, string> = {};
  const targets: string[] = [];
  const wave: { region?: string; kind?: Kind; approve?: true } = {};
  for (const condition of given.split(',')) {
    const [key = '', value, ...more] = condition.split('=');
    if (condition === 'rest') continue;
    if (condition === 'approve') wave.approve = true;
    else if (value === undefined || value === '' || more.length > 0 || key === '')
      throw new UsageError(`--wave takes conditions such as stage=canary, or rest, not ${JSON.stringify(condition)}`);
    else if (key === 'region') wave.region = value;
    else if (key === 'target') targets.push(value);
    else if (key === 'kind') {
      const kind = KINDS.find((one) => one === value);
      if (!kind) throw new UsageError(`kind is one of ${KINDS.join(', ')}, not ${JSON.stringify(value)}`);
      wave.kind = kind;
    } else labels[key] = value;
  }
  return { ...wave, ...(Object.keys(labels).length > 0 && { labels }), ...(targets.length > 0 && { targets }) };
}
