/** What a move tells of itself, for people. */
import { say } from '../command/print.ts';
import type { Trailer } from './file-format.ts';
import type { Counts } from './import.ts';
import { FATES, type Fate } from './page-fates.ts';

const HEADS: Record<Fate, string> = {
  create: 'new',
  same: 'same',
  replace: 'replaced',
  keep: 'kept',
  expired: 'expired',
  refuse: 'differing',
};

export function showExported(path: string, { collections, oneMoment }: Trailer): void {
  const rows = Object.entries(collections).filter(([, { documents }]) => documents > 0);
  showTable([
    ['collection', 'documents', 'sha-256'],
    ...rows.map(([name, { documents, sha256 }]) => [name, String(documents), sha256.slice(0, 16)]),
  ]);
  const total = rows.reduce((sum, [, { documents }]) => sum + documents, 0);
  say(`${total} documents are in ${path}`);
  if (!oneMoment)
    say('they were read one page after another: what was written meanwhile may be there in part, unless nothing wrote');
}

export function showImported(counts: Counts, dryRun: boolean, differing: readonly string[]): void {
  const rows = Object.entries(counts).filter(([, fates]) => FATES.some((fate) => fates[fate] > 0));
  const shown = FATES.filter((fate) => fate === 'create' || fate === 'same' || rows.some(([, of]) => of[fate] > 0));
  showTable([
    ['collection', ...shown.map((fate) => HEADS[fate])],
    ...rows.map(([name, fates]) => [name, ...shown.map((fate) => String(fates[fate]))]),
  ]);
  if (differing.length > 0)
    say(`differing, such as ${differing.join(', ')}: --skip-existing keeps them, --replace overwrites them`);
  say(dryRun ? 'nothing was written' : 'all of it was read back and is as it should be');
}

function showTable(rows: readonly string[][]): void {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  for (const row of rows)
    say(
      row
        .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
        .join('  '),
    );
}
