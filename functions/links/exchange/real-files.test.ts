/** The import against public redirect tables, where HAWKER_REAL_DATA names a folder that holds them. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { firstMatch, type ModelRule } from './first-match-model.ts';
import { aSite, type FormatName, visiting } from './imported.ts';
import { readNetlifyFile } from './netlify-file.ts';
import type { NetlifyRule } from './netlify-rule.ts';
import { readNetlifyToml } from './netlify-toml.ts';

const folder = process.env['HAWKER_REAL_DATA'];

interface Table {
  file: string;
  format: FormatName;
  base: string;
  rules: number;
  /** How many links it makes, and lines with each reason. */
  created: number;
  problems: Record<string, number>;
}

const TABLES: Table[] = [
  {
    file: 'kubernetes-website._redirects',
    format: 'netlify',
    base: 'https://kubernetes.io',
    rules: 466,
    created: 461,
    problems: { 'never reached': 2, 'has a * that is not its whole last segment': 3 },
  },
  {
    file: 'helm-www.netlify.toml',
    format: 'netlify-toml',
    base: 'https://helm.sh',
    rules: 63,
    created: 52,
    problems: { 'has status 200': 3, 'speaks for another host': 2, repeats: 4, 'never reached': 2 },
  },
  {
    file: 'netlify-cms._redirects',
    format: 'netlify',
    base: 'https://www.netlifycms.org',
    rules: 10,
    created: 10,
    problems: {},
  },
  {
    file: 'knative-vanity._redirects',
    format: 'netlify',
    base: 'https://knative.dev',
    rules: 70,
    created: 3,
    problems: { 'answers only with a query parameter': 67 },
  },
];

for (const { file, format, base, rules: count, created, problems } of TABLES)
  for (const letters of ['sensitive', 'insensitive'] as const)
    test(`${file} goes in with every rule accounted for and answers as it says (${letters})`, {
      skip: skipped(file),
    }, async () => {
      const text = readFileSync(join(folder ?? '', file), 'utf8');
      const rules = format === 'netlify' ? readNetlifyFile(text) : readNetlifyToml(text);
      assert.equal(rules.length, count);
      const site = await aSite({ case: letters });
      const report = await site.import(format, text, { base });
      assert.equal(report.created, created);
      assert.equal(report.created + report.problems.length, count);
      const kinds = Object.groupBy(
        report.problems,
        ({ reason }) => Object.keys(problems).find((kind) => reason.startsWith(kind)) ?? reason,
      );
      assert.deepEqual(Object.fromEntries(Object.entries(kinds).map(([kind, same]) => [kind, same?.length])), problems);

      const named = new Set(report.problems.map(({ line }) => line));
      const model = rules.flatMap((rule) => modelled(rule, base));
      const visit = visiting(site.domain, await site.links());
      let asked = 0;
      for (const { from } of model)
        for (const address of addressesAt(from)) {
          const [path = '', query] = address.split('?');
          const expected = firstMatch(model, path, query);
          if (!expected || named.has(expected.line)) continue;
          asked++;
          assert.deepEqual(await visit(address), { location: expected.location, status: expected.status }, address);
        }
      assert.ok(asked >= created);
      assert.equal((await site.import(format, text, { base })).unchanged, created);
    });

function skipped(file: string): string | false {
  if (!folder) return 'HAWKER_REAL_DATA names no folder';
  return !existsSync(join(folder, file)) && `${file} is not in HAWKER_REAL_DATA`;
}

/** Rules that hang on nothing but the path, as plain ones with absolute targets. */
function modelled({ line, from, to, status = 301, query, conditions }: NetlifyRule, base: string): ModelRule[] {
  if (to === undefined || query.length > 0 || conditions.length > 0 || !from.startsWith('/')) return [];
  return [{ line, from, to: new URL(to, base).href, status }];
}

/** The source in both forms, with a query, and below it where it is a wildcard; with a query alone where a wildcard stands inside. */
function addressesAt(from: string): string[] {
  const path = from.replace(/\/\*$/, '').replace(/\/$/, '');
  const forms = [path || '/', `${path}/`, `${path || '/'}?q=a%20b&q=2`];
  return from.endsWith('/*') ? [...forms, `${path}/x`, `${path}/x/y%2Fz/`, `${path}/x?q=1`] : forms;
}
