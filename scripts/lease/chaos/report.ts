/** A chaos run's report for people. */
import type { ChaosReport } from './run-chaos.ts';

/** How many violations are told in full. */
const SHOWN = 20;

export function table(report: ChaosReport): string {
  const { tally, faults } = report;
  const rows: [string, string | number][] = [
    ['store', report.store],
    ['contenders', `${report.contenders}, in ${report.processes} processes`],
    ['lease', `${report.durationMs} ms`],
    ['seed', report.seed],
    ['kills', `${faults.kills}, and ${report.crashes} who killed themselves`],
    ['stops', faults.stops],
    ['wall clock jumps', faults.wallClockJumps],
    [
      'connections cut',
      `${faults.answersLost} answers lost, ${faults.requestsLost} requests lost, ${faults.dropped} dropped`,
    ],
    ['connections stalled', `${faults.stalled}, and ${faults.delayed} with late requests`],
    ['emulator restarts', faults.emulatorRestarts],
    ['elections', `${tally.elections}, and ${tally.resumed} terms resumed`],
    ['longest without a leader', `${tally.longestWithoutLeaderMs} ms while the store answered`],
    ['writes accepted', tally.acceptedWrites],
    ['stale writes refused', tally.refusedStaleWrites],
    [
      'fenced commits',
      `${tally.commits.done} done, ${tally.commits.refused} refused, ${tally.commits.unknown} of unknown outcome`,
    ],
    ['duplicates of tokens', tally.duplicateTokens],
    ['overlapping terms', tally.overlaps],
    ['commits lost, doubled', `${tally.lostCommits}, ${tally.doubledCommits}`],
    ['violations', report.violations.length],
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  const shown = report.violations.slice(0, SHOWN).map(({ rule, what }) => `${rule}: ${what}`);
  const more = report.violations.length - shown.length;
  return [
    ...rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`),
    ...shown,
    ...(more > 0 ? [`and ${more} more`] : []),
  ].join('\n');
}
