/** What Cloud Monitoring and Cloud Logging are given, by gcloud's own reading of it; nothing is asked of the network. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { ALERTS } from './alerts.ts';
import { LOG_METRICS } from './cloud-monitoring.ts';
import { makeFiles } from './files.ts';

/** gcloud itself; scripts/test.ts says where. */
const GCLOUD = process.env['GCLOUD_PATH'];
const skip = GCLOUD ? false : 'gcloud is not here (GCLOUD_PATH)';
const run = promisify(execFile);
const files = [...makeFiles()].filter(([path]) => path.startsWith('google/'));
const policies = files.filter(([path]) => path.startsWith('google/policies/'));

/** Reads files as `--policy-from-file` and its like do, and names what it would drop or refuse: names that it does not know, and values that are none of a field's. */
const READER = `
import json, sys
root, kinds = sys.argv[1], json.load(sys.stdin)
sys.path[:0] = [root + '/lib', root + '/lib/third_party']
from apitools.base.protorpclite import messages
from apitools.base.py import encoding
from googlecloudsdk.generated_clients.apis.monitoring.v1 import monitoring_v1_messages as v1
from googlecloudsdk.generated_clients.apis.monitoring.v3 import monitoring_v3_messages as v3
from googlecloudsdk.generated_clients.apis.logging.v2 import logging_v2_messages as log
types = {'dashboard': v1.Dashboard, 'policy': v3.AlertPolicy, 'metric': log.LogMetric}
def stray(message, at):
    for name in message.all_unrecognized_fields():
        yield at + name
    for field in message.all_fields():
        value = getattr(message, field.name)
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, messages.Message):
                yield from stray(each, at + field.name + '.')
found = []
for path, kind, text in kinds:
    try:
        found += [path + ': ' + name for name in stray(encoding.JsonToMessage(types[kind], text), '')]
    except Exception as error:
        found.append(path + ': ' + type(error).__name__)
print(json.dumps(found))
`;

let python = '';
let root = '';
let config = '';

async function stray(given: [path: string, kind: string, text: string][]): Promise<string[]> {
  const reading = run(python, ['-c', READER, root], { timeout: 60_000 });
  reading.child.stdin?.end(JSON.stringify(given));
  return JSON.parse((await reading).stdout) as string[];
}

const kindOf = (path: string) =>
  path.includes('policies/') ? 'policy' : path.includes('log-metrics/') ? 'metric' : 'dashboard';

describe('files for Google Cloud', { skip, timeout: 110_000 }, () => {
  before(async () => {
    config = await mkdtemp(join(tmpdir(), 'hawker-gcloud-'));
    const env = { ...process.env, CLOUDSDK_CONFIG: config };
    const { stdout } = await run(
      GCLOUD ?? '',
      ['info', '--format=value[separator=" "](basic.python_location,installation.sdk_root)'],
      {
        env,
        timeout: 60_000,
      },
    );
    [python = '', root = ''] = stdout.trim().split(' ');
    return async () => rm(config, { recursive: true });
  });

  it('have no field that gcloud does not know', async () => {
    assert.deepEqual(await stray(files.map(([path, text]) => [path, kindOf(path), text])), []);
  });

  it('would be found out if they had', async () => {
    assert.deepEqual(
      await stray([
        [
          'a',
          'dashboard',
          '{"mosaicLayout": {"tiles": [{"widget": {"xyChart": {"dataSets": [{"plotType": "LINE", "query": "up"}]}}}]}}',
        ],
        [
          'b',
          'policy',
          '{"conditions": [{"conditionPrometheusQueryLanguage": {"expr": "up"}}], "severity": "WARNING"}',
        ],
        ['c', 'metric', '{"filter": "x", "metricDescriptor": {"metricKind": "SUM"}}'],
      ]),
      [
        'a: mosaicLayout.tiles.widget.xyChart.dataSets.query',
        'b: conditions.conditionPrometheusQueryLanguage.expr',
        'c: metricDescriptor.metricKind',
      ],
    );
  });

  it('are taken by commands that gcloud has', async () => {
    const given = (path: string) => `scripts/observability/files/google/${path}`;
    const commands = [
      `gcloud alpha monitoring policies create --policy-from-file=${given('policies/HawkerNoLeader.json')} --project=demo-1`,
      `gcloud monitoring dashboards create --config-from-file=${given('dashboard.json')} --project=demo-1`,
      `gcloud logging metrics create hawker_failures --config-from-file=${given('log-metrics/hawker_failures.json')} --project=demo-1`,
      'gcloud logging metrics create hawker_failures --no-such-flag=x',
    ];
    const file = join(config, 'commands.json');
    await writeFile(file, JSON.stringify(commands.map((command_string) => ({ command_string }))));
    const { stdout } = await run(GCLOUD ?? '', ['meta', 'lint-gcloud-commands', `--commands-file=${file}`], {
      env: { ...process.env, CLOUDSDK_CONFIG: config },
      timeout: 100_000,
      maxBuffer: 256 * 1024 * 1024,
    });
    const verdicts = JSON.parse(stdout) as { success: boolean }[];
    assert.deepEqual(
      verdicts.map(({ success }) => success),
      [true, true, true, false],
    );
  });
});

describe('alert policies', () => {
  it('are one for each alert, but for those that need what is not there', () => {
    const here = ALERTS.filter(({ google }) => !(google && 'none' in google)).map(
      ({ name }) => `google/policies/${name}.json`,
    );
    assert.deepEqual(policies.map(([path]) => path).sort(), here.sort());
    assert.deepEqual(
      ALERTS.filter(({ google }) => google && 'none' in google).map(({ name }) => name),
      ['HawkerDown', 'HawkerAbsent'],
    );
  });

  it('say what they mean, how bad it is and where the runbook is, within what Google takes', () => {
    for (const [path, text] of policies) {
      const policy = JSON.parse(text) as Record<string, never> & {
        documentation: { content: string };
        conditions: {
          conditionPrometheusQueryLanguage: { query: string; duration: string; evaluationInterval: string };
        }[];
      };
      assert.match(String(policy['severity']), /^(?:CRITICAL|WARNING)$/, path);
      assert.match(policy.documentation.content, /Runbook: \S+#hawker\w+$/, path);
      assert.ok(Buffer.byteLength(policy.documentation.content) <= 8_192, path);
      const [condition] = policy.conditions.map((each) => each.conditionPrometheusQueryLanguage);
      assert.match(condition?.duration ?? '', /^\d+s$/, path);
      assert.equal(Number.parseInt(condition?.evaluationInterval ?? '', 10) % 30, 0, path);
      // Nothing is recorded there, and the embedded queue is not there.
      assert.doesNotMatch(condition?.query ?? '', /hawker:|hawker_queue_/, path);
    }
  });
});

describe('the dashboard of Cloud Monitoring', () => {
  it('has tiles beside each other, each chart once', () => {
    const { mosaicLayout } = JSON.parse(files.find(([path]) => path === 'google/dashboard.json')?.[1] ?? '{}') as {
      mosaicLayout: {
        columns: number;
        tiles: { xPos?: number; yPos?: number; width: number; height: number; widget: object }[];
      };
    };
    assert.ok(mosaicLayout.tiles.length > 20 && mosaicLayout.tiles.length <= 100);
    const places = new Set(mosaicLayout.tiles.map(({ xPos = 0, yPos = 0 }) => `${xPos} ${yPos}`));
    assert.equal(places.size, mosaicLayout.tiles.length);
    assert.equal(
      new Set(mosaicLayout.tiles.map(({ widget }) => JSON.stringify(widget))).size,
      mosaicLayout.tiles.length,
    );
    for (const { xPos = 0, yPos = 0, width, height } of mosaicLayout.tiles) {
      assert.ok(xPos + width <= mosaicLayout.columns);
      assert.ok(xPos % width === 0 && yPos % height === 0);
    }
  });
});

describe('metrics from the log', () => {
  it('take each label from a field of the line', () => {
    for (const [name, { labelExtractors, metricDescriptor, filter }] of Object.entries(LOG_METRICS)) {
      assert.deepEqual(
        Object.keys(labelExtractors),
        metricDescriptor.labels.map(({ key }) => key),
        name,
      );
      for (const extractor of Object.values(labelExtractors)) {
        const [, field = ''] = /^EXTRACT\((jsonPayload\.\w+)\)$/.exec(extractor) ?? [];
        assert.ok(filter.includes(`${field}=`), name);
      }
    }
  });
});
