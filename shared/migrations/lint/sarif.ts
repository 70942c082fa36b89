/** Findings as SARIF 2.1.0 (docs.oasis-open.org/sarif/sarif/v2.1.0), which code hosts show beside the lines. */
import type { Finding } from './finding.ts';
import { RULES, type RuleId } from './rules.ts';

export function sarifOf(findings: readonly Finding[]): object {
  const used = [...new Set(findings.map(({ rule }) => rule))].sort();
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'hawker', rules: used.map(ruleOf) } },
        columnKind: 'utf16CodeUnits',
        results: findings.map(({ rule, severity, file, line, column, message, help }) => ({
          ruleId: rule,
          ruleIndex: used.indexOf(rule),
          level: severity,
          message: { text: `${message}. ${help}` },
          locations: [
            {
              physicalLocation: {
                artifactLocation: { uri: encodeURIComponent(file) },
                region: { startLine: line, startColumn: column },
              },
            },
          ],
        })),
      },
    ],
  };
}

function ruleOf(id: RuleId) {
  const { about, help, severity } = RULES[id];
  return { id, shortDescription: { text: about }, help: { text: help }, defaultConfiguration: { level: severity } };
}
