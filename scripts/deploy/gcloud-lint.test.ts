import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { promisify } from 'node:util';
import { MANIFEST } from '#functions/manifest.ts';
import { shown } from './gcloud.ts';
import { googleSide } from './kubernetes/google-side.ts';
import { ASKED } from './kubernetes/testing.ts';
import { planOf } from './plan.ts';
import type { Command } from './resource.ts';
import { FULL, OPTIONS } from './testing.ts';

/** gcloud itself; scripts/test.ts says where. */
const GCLOUD = process.env['GCLOUD_PATH'];
const skip = GCLOUD ? false : 'gcloud is not here (GCLOUD_PATH)';

interface Verdict {
  command_string: string;
  success: boolean;
  error_message: string | null;
}

/** Asks gcloud whether it knows the commands and their flags; nothing is run, and nothing asked of the network. */
async function lint(commands: readonly string[]): Promise<Verdict[]> {
  const folder = await mkdtemp(join(tmpdir(), 'hawker-lint-'));
  try {
    const file = join(folder, 'commands.json');
    await writeFile(file, JSON.stringify(commands.map((command_string) => ({ command_string }))));
    const { stdout } = await promisify(execFile)(
      GCLOUD ?? '',
      ['meta', 'lint-gcloud-commands', `--commands-file=${file}`],
      { timeout: 110_000, maxBuffer: 256 * 1024 * 1024, env: { ...process.env, CLOUDSDK_CONFIG: folder } },
    );
    return JSON.parse(stdout) as Verdict[];
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Commands that differ in nothing but whom they are about are one: gcloud takes a tenth of a second for each. */
function kindOf({ args }: Command): string {
  const words = args.filter((arg) => !arg.startsWith('--'));
  const verb = words.findLastIndex((word) =>
    /^(?:describe|list|create|update|delete|modify-push-config|add|rm|enable|deploy|submit|http|get-iam-policy|(?:add|remove)-(?:iam-policy-binding|backend))$/.test(
      word,
    ),
  );
  const flags = args
    .filter((arg) => arg.startsWith('--'))
    .map((arg) => {
      const [name = '', value = ''] = arg.split(/=(.*)/s);
      return NAMING.includes(name) ? name : `${name}=${value}`;
    });
  return [...words.slice(0, verb + 1), ...flags].join(' ');
}

/** Flags whose value is a name, a number, or a text of ours. */
const NAMING = [
  ...['--member', '--condition', '--topic', '--dead-letter-topic', '--push-endpoint', '--push-auth-token-audience'],
  ...['--ack-deadline', '--max-delivery-attempts', '--uri', '--oidc-token-audience', '--schedule', '--time-zone'],
  ...['--attempt-deadline', '--args', '--service-account', '--memory', '--concurrency', '--timeout', '--max-instances'],
  ...['--set-env-vars', '--set-secrets', '--labels', '--collection-group', '--display-name', '--image', '--tag'],
  ...['--push-auth-service-account', '--oidc-service-account-email', '--role'],
];

it('every command of the plan is one that gcloud knows', { skip, timeout: 120_000 }, async () => {
  const commands = [OPTIONS, FULL]
    .flatMap((options) => planOf(MANIFEST, options))
    .flatMap(({ describe, create, update = [], remove = [] }) => [describe, ...create, ...update, ...remove])
    .concat(googleSide(MANIFEST, ASKED));
  commands.push({ args: ['projects', 'describe', 'demo-1', '--format=json', '--quiet'] });
  // Its linter joins words without their quotes: an empty value is one only at the end.
  const kinds = new Map(
    commands.map((command) => {
      const args = command.args.toSorted((a, b) => Number(a.endsWith('=')) - Number(b.endsWith('=')));
      return [kindOf(command), shown({ args })];
    }),
  );
  const verdicts = await lint([...kinds.values()]);
  assert.equal(verdicts.length, kinds.size);
  const refused = verdicts.filter(({ success }) => !success);
  assert.deepEqual(
    refused.map(({ command_string, error_message }) => [command_string, error_message]),
    [],
  );
});

it('an invented flag, verb or value is found out', { skip, timeout: 60_000 }, async () => {
  const verdicts = await lint([
    'gcloud pubsub topics create t --project=demo-1 --no-such-flag=1',
    'gcloud pubsub topics invent t --project=demo-1',
    'gcloud run deploy s --image=i --ingress=nobody --project=demo-1',
    'gcloud pubsub topics create t --project=demo-1',
  ]);
  assert.deepEqual(
    verdicts.map(({ success }) => success),
    [false, false, false, true],
  );
});
