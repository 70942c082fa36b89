/** `npm run deploy -- explain <function>`: who may call it, what it may touch, why, and how each right is taken away. From the manifest and the plan alone: nothing is asked of Google. */
import { MANIFEST } from '#functions/manifest.ts';
import type { FunctionRow } from '#shared/define.ts';
import { sayJson } from '../command/print.ts';
import { UsageError } from '../command/usage.ts';
import { connects } from './databases.ts';
import { shown } from './gcloud.ts';
import { emailOf } from './names.ts';
import type { DeployOptions } from './options.ts';
import { planOf } from './plan.ts';
import { readFile, readTyped } from './read-options.ts';
import type { Resource } from './resource.ts';

const HELP = `usage: npm run -s deploy -- explain <function> [--project <id> --region <region>] [--json]
Who may call it, what it may touch, why, and the command that takes each right away. Without a project the commands name your-project.
Functions: ${MANIFEST.map(({ name }) => name).join(', ')}`;

export interface Explanation {
  function: string;
  summary: string;
  /** What makes it run. */
  runsOn: string;
  /** Who may call it, and what sees to that. */
  callers: string;
  account: string;
  touches: { what: string; which: readonly string[]; why: string }[];
  rights: Right[];
}

interface Right {
  /** As the plan has it. */
  id: string;
  why: string;
  /** What takes it away; what that breaks, `why` says. */
  remove: readonly string[];
}

/** Answers the exit code. */
export async function run(args: string[]): Promise<number> {
  const { project, region } = readFile();
  const has = (flag: string) => args.some((arg) => arg === flag || arg.startsWith(`${flag}=`));
  const { options, json, positionals } = readTyped(
    [
      ...args,
      ...(project === undefined && !has('--project') ? ['--project=your-project'] : []),
      ...(region === undefined && !has('--region') ? ['--region=your-region1'] : []),
    ],
    HELP,
  );
  const [name, extra] = positionals;
  const names = MANIFEST.map((row) => row.name).join(', ');
  if (name === undefined) throw new UsageError(`name a function: ${names}`);
  if (extra !== undefined)
    throw new UsageError(`what is ${JSON.stringify(extra)} for? One function is explained at a time`);
  const row = MANIFEST.find((one) => one.name === name);
  if (!row) throw new UsageError(`there is no function ${JSON.stringify(name)}; there are ${names}`);
  const explanation = explain(row, options);
  if (json) sayJson(explanation);
  else process.stdout.write(`${[...linesOf(explanation)].join('\n')}\n`);
  return 0;
}

export function explain(row: FunctionRow, options: DeployOptions): Explanation {
  const resources = planOf(MANIFEST, { ...options, only: [] });
  return {
    function: row.name,
    summary: row.summary,
    runsOn: runsOn(row),
    callers: callersOf(row),
    account: emailOf(row.name, options),
    touches: touchesOf(row, options).filter(({ which }) => which.length > 0),
    rights: resources.filter(({ kind, of }) => kind === 'role' && of.includes(row.name)).map(rightOf),
  };
}

function rightOf({ id, about, remove = [] }: Resource): Right {
  return { id, why: about, remove: remove.map(shown) };
}

function runsOn({ trigger }: FunctionRow): string {
  if (trigger.type === 'http') return 'requests';
  return trigger.type === 'message' ? `each ${trigger.topic}` : `a schedule, ${trigger.cron} (${trigger.timeZone})`;
}

function callersOf({ callers, ingress }: FunctionRow): string {
  const by = {
    anyone: 'anyone; nothing asks who it is',
    admins: 'holders of an admin key or of a configured Google identity; the function asks for either by itself',
    push: "its push subscription's identity alone; IAM asks for it, and the function again",
    scheduler: "its schedule's identity alone; IAM asks for it, and the function again",
  }[callers];
  return `${by}. ${ingress === 'all' ? 'Reached from everywhere' : "Reached by the project's own services alone"}`;
}

function touchesOf(row: FunctionRow, { databases, settings, secrets }: DeployOptions): Explanation['touches'] {
  const uses = (use: 'read' | 'write') => Object.keys(row.store).filter((name) => row.store[name] === use);
  const reads = (name: string) => (row.settings as readonly string[]).includes(name);
  const own = { ...settings['*'], ...settings[row.name] };
  const hosts = [
    ...(reads('LTA_BASE_URL') ? [new URL(own['LTA_BASE_URL'] ?? LTA).host] : []),
    ...(row.settings.includes('HAWKER_PUSH_CONTACT') ? ['push services that browsers name'] : []),
    ...(row.google.includes('slides') ? ['https addresses of images that callers name, public ones alone'] : []),
    ...(connects(row) ? (databases?.instances ?? []).map(({ instance }) => `Cloud SQL instance ${instance}`) : []),
    ...(connects(row) ? (databases?.variables ?? []).map((name) => `the database that ${name} names`) : []),
  ];
  return [
    { what: 'writes collections', which: uses('write'), why: 'its row says so, and the code of its entry uses each' },
    { what: 'reads collections', which: uses('read'), why: 'its row says so, and nothing in its entry writes them' },
    {
      what: 'takes events',
      which: row.trigger.type === 'message' ? [row.trigger.topic] : [],
      why: 'they are what it runs on',
    },
    { what: 'publishes events', which: row.publishes, why: 'other functions, or others altogether, run on them' },
    { what: 'uses blobs', which: row.blobs === 'none' ? [] : [BLOBS[row.blobs]], why: 'images and what jobs keep' },
    {
      what: 'reads secrets',
      which: [...row.secrets, ...(secrets ?? [])],
      why: 'settings that it needs and nobody else may see',
    },
    {
      what: "calls Google's APIs",
      which: row.google,
      why: 'in its own name; of Slides and Drive it sees what was shared with its account, which IAM does not decide',
    },
    { what: 'connects to', which: hosts, why: 'its work is there' },
  ];
}

const LTA = 'https://datamall2.mytransport.sg/ltaodataservice';
const BLOBS = { read: 'reads', write: 'writes', sign: 'writes, and signs addresses of them' } as const;

function* linesOf(explanation: Explanation): Generator<string> {
  const { summary, runsOn: on, callers, account, touches, rights } = explanation;
  yield `${explanation.function}: ${summary}.`;
  yield `It runs on ${on}. Who may call it: ${callers}.`;
  yield `It acts as ${account}, which no other function is.`;
  yield '';
  yield 'What it touches:';
  for (const { what, which, why } of touches) yield `  ${what}: ${which.join(', ')} (${why})`;
  yield '';
  yield 'What it may, and how each right is taken away:';
  for (const { id, why, remove } of rights) {
    yield `  ${id}`;
    yield `    ${why}`;
    for (const command of remove) yield `    ${command}`;
  }
}
