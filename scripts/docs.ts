/**
 * Writes the parts of README.md that are made from the code, between `<!-- name:begin -->` and `<!-- name:end -->`, and the steps of cloudbuild.yaml.
 * With --check it writes nothing, names each part that has drifted and exits with 1.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MANIFEST } from '#functions/manifest.ts';
import { SETTINGS } from '#shared/config.ts';
import type { FunctionRow } from '#shared/define.ts';
import { CATALOGUE } from '#shared/errors.ts';
import { CHANGES } from '#shared/images/image.ts';
import { RULES } from '#shared/migrations/lint/rules.ts';
import { KINDS } from '#shared/migrations/target.ts';
import { IMAGE_ERRORS } from '#shared/slides/outcome.ts';
import { METRICS, type MetricName, type MetricSpec } from '#shared/telemetry/metric-table.ts';
import { METRIC_TEXTS } from '#shared/telemetry/metric-texts.ts';
import { prometheusName } from '#shared/telemetry/prometheus-names.ts';
import { withCandidates } from './release/cloudbuild.ts';

const README = join(import.meta.dirname, '..', 'README.md');
const CLOUD_BUILD = join(import.meta.dirname, '..', 'cloudbuild.yaml');

const DATABASES = { postgres: 'PostgreSQL', mysql: 'MySQL', sqlite: 'SQLite', firestore: 'Firestore' } as const;

const PARTS: Record<string, () => string> = {
  functions: () =>
    table(
      ['Function', 'What it does', 'Runs on', 'Who may call it', 'Publishes'],
      MANIFEST.map((row) => [
        `[${row.name}](functions/${row.name})`,
        row.summary,
        triggerOf(row),
        { anyone: 'anyone', admins: 'admins', push: 'its push subscription', scheduler: 'its schedule' }[row.callers],
        row.publishes.map((topic) => `\`${topic}\``).join(', '),
      ]),
    ),
  settings: () =>
    table(
      ['Setting', 'What it is', 'Default'],
      Object.entries(SETTINGS).map(([name, { about, ...rest }]) => [
        `\`${name}\``,
        `${about}${'secret' in rest ? ' (a secret)' : ''}`,
        'fallback' in rest ? rest.fallback : '',
      ]),
    ),
  errors: () =>
    table(
      ['Code', 'Status', 'Meaning', 'Worth repeating'],
      Object.entries(CATALOGUE).map(([code, { status, title, retryable }]) => [
        `\`${code}\``,
        `${status}`,
        title,
        retryable ? 'yes' : '',
      ]),
    ),
  'image-changes': () =>
    table(
      ['Change', 'What was done'],
      Object.entries(CHANGES).map(([name, about]) => [`\`${name}\``, about]),
    ),
  'lint-rules': () =>
    table(
      ['Rule', 'For', 'Level', 'What it finds', 'What to write instead'],
      Object.entries(RULES).map(([id, { kinds, severity, about, help }]) => [
        `\`${id}\``,
        kinds.length === KINDS.length ? 'all' : kinds.map((kind) => DATABASES[kind]).join(', '),
        severity,
        about,
        help,
      ]),
    ),
  metrics: () =>
    table(
      ['Metric', 'In Prometheus', 'What it says', 'Labels'],
      Object.entries(METRICS as Record<string, MetricSpec>).map(([name, spec]) => [
        `\`${name}\``,
        `\`${prometheusName(name, spec)}\``,
        `${METRIC_TEXTS[name as MetricName]} (${spec.kind}, ${spec.unit.replaceAll(/[{}]/g, '')})`,
        Object.keys(spec.labels)
          .map((label) => `\`${label}\``)
          .join(', '),
      ]),
    ),
  'image-errors': () =>
    table(
      ['Code of an image', 'Meaning', 'Worth repeating'],
      Object.entries(IMAGE_ERRORS).map(([code, { title, retryable }]) => [
        `\`${code}\``,
        title,
        retryable ? 'yes' : '',
      ]),
    ),
};

function triggerOf({ trigger }: FunctionRow): string {
  if (trigger.type === 'http') return 'HTTP';
  if (trigger.type === 'message') return `message \`${trigger.topic}\``;
  return `schedule \`${trigger.cron}\` (${trigger.timeZone})`;
}

function table(head: string[], rows: string[][]): string {
  const line = (cells: string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

export interface Regenerated {
  text: string;
  /** The names of the parts that differ from what the code says, or whose markers are gone. */
  drifted: string[];
}

/** The document with every part made anew. */
export function regenerate(document: string): Regenerated {
  let text = document;
  const drifted: string[] = [];
  for (const [name, make] of Object.entries(PARTS)) {
    const [before, rest] = split(text, `<!-- ${name}:begin -->\n`);
    const [old, after] = split(rest, `<!-- ${name}:end -->`);
    const made = `${make()}\n`;
    if (after === undefined || old !== made) drifted.push(name);
    if (after !== undefined) text = `${before}<!-- ${name}:begin -->\n${made}<!-- ${name}:end -->${after}`;
  }
  return { text, drifted };
}

/** What stands before and after the first `mark`; nothing after where there is none. */
function split(text: string | undefined, mark: string): [string, string | undefined] {
  const at = text?.indexOf(mark) ?? -1;
  if (text === undefined || at < 0) return [text ?? '', undefined];
  return [text.slice(0, at), text.slice(at + mark.length)];
}

if (import.meta.main) {
  const document = await readFile(README, 'utf8');
  const { text, drifted } = regenerate(document);
  const build = await readFile(CLOUD_BUILD, 'utf8');
  const steps = withCandidates(build, MANIFEST);
  if (!process.argv.includes('--check')) {
    await writeFile(README, text);
    await writeFile(CLOUD_BUILD, steps ?? build);
  } else {
    const all = [...drifted.map((part) => `README.md: ${part}`), ...(steps === build ? [] : ['cloudbuild.yaml'])];
    if (all.length > 0) {
      console.error(`drifted from the code: ${all.join(', ')}. Run \`npm run fix\`.`);
      process.exitCode = 1;
    }
  }
}
