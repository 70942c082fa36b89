/** Each alert has a section that says what to do, and what it names exists. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { promisify } from 'node:util';
import { MANIFEST } from '#functions/manifest.ts';
import { ALERTS } from './alerts.ts';
import { RUNBOOKS } from './testing/asked.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const sections = new Map(
  RUNBOOKS.split(/^## /m)
    .slice(1)
    .map((text) => [text.slice(0, text.indexOf('\n')), text] as const),
);
/** What is typed behind `npm run <script> --`, up to the first thing that stands for something else. */
const commands = [...RUNBOOKS.matchAll(/`npm run ([a-z-]+) -- ([^`]+)`/g)].map(([, script = '', typed = '']) => ({
  script,
  typed,
}));

describe('runbooks', () => {
  it('have one section for each alert, and no others', () => {
    assert.deepEqual(
      [...sections.keys()],
      ALERTS.map(({ name }) => name),
    );
  });

  for (const { name } of ALERTS)
    it(`say where to look, what to do and when it is over: ${name}`, () => {
      const text = sections.get(name) ?? '';
      assert.match(text, /```promql\n[^`]+\n```/);
      assert.match(text, /\n- Loki: `\{service_name="hawker"\}/);
      assert.match(text, /\n- Cloud Logging: `/);
      assert.match(text, /\n- Trace: /);
      assert.match(text, /\nWhat to do: /);
      assert.match(text, /\nIt is over (?:when|with|an hour)/);
    });

  it('have a way to look at a run of migrations that began no step, as its alert says can be', () => {
    const { about = '' } = ALERTS.find(({ name }) => name === 'HawkerMigrationFailed') ?? {};
    assert.match(about, /never connected/);
    const text = sections.get('HawkerMigrationFailed') ?? '';
    assert.match(text, /never connected/);
    const [, branch = ''] = /\nWhere none was begun: ((?:.+\n)+)/.exec(text) ?? [];
    assert.match(branch, /HAWKER_DATABASES/);
    assert.match(text, /`a run on <target> failed`/);
    assert.match(text, /`GET \/migrations\/v1\/runs\/<run>`/);
  });

  it('name functions that there are', () => {
    const names = MANIFEST.map(({ name }) => name);
    for (const [, name = ''] of RUNBOOKS.matchAll(/(?:function|service_name)="([a-z-]+)"/g))
      assert.ok(names.includes(name) || name === 'hawker', name);
  });

  it('name scripts, and commands of theirs that their help has', async () => {
    const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
      scripts: Record<string, string>;
    };
    assert.ok(commands.length > 10);
    const helps = new Map<string, string>();
    for (const { script, typed } of commands) {
      assert.ok(scripts[script], script);
      const help = helps.get(script) ?? (await helpOf(scripts[script]));
      helps.set(script, help);
      const words = typed.split(' ');
      const verb = words[0] === 'dlq' ? words[1] : words[0];
      if (verb !== '--help') assert.match(help, new RegExp(`(?:^|[\\s|])${verb}\\b`, 'm'), `${script} ${typed}`);
      for (const option of words.filter((word) => /^--[a-z]/.test(word) && word !== '--help'))
        if (script !== 'lease') assert.ok(help.includes(option), `${script} ${typed}`);
    }
  });
});

async function helpOf(script: string | undefined): Promise<string> {
  const file = /scripts\/[\w-]+\.ts/.exec(script ?? '')?.[0] ?? assert.fail(script);
  const { stdout } = await promisify(execFile)(process.execPath, [join(ROOT, file), '--help'], { timeout: 30_000 });
  return stdout;
}
