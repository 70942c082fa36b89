/** What is told of findings. */
import type { Finding } from '#shared/migrations/lint/finding.ts';

const MOST_TOLD = 1_000;

export function lintTold(findings: readonly Finding[]) {
  const errors = findings.filter(({ severity }) => severity === 'error').length;
  return { findings: findings.slice(0, MOST_TOLD), errors, warnings: findings.length - errors };
}
