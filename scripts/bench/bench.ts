/**
 * `npm run bench [-- part ...]`: measures and prints one Markdown table. Everything it writes is in a temporary folder that it removes, but for
 * dist/, which it builds first. Comparisons are made in turns within this run, since a machine's speed changes from minute to minute.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bus } from './bus.ts';
import { clicks } from './clicks.ts';
import { coldKey } from './cold-key.ts';
import { coldStart } from './cold-start.ts';
import { firestoreBackfill } from './firestore-backfill.ts';
import { leases } from './leases.ts';
import { memory } from './memory.ts';
import { migrations } from './migrations.ts';
import type { Figure, Part } from './part.ts';
import { manyLinks, redirect } from './redirect.ts';
import { slides } from './slides.ts';
import { telemetry } from './telemetry.ts';

const PARTS: Record<string, Part> = {
  redirect,
  'cold-start': coldStart,
  memory,
  'many-links': manyLinks,
  'cold-key': coldKey,
  clicks,
  leases,
  bus,
  slides,
  migrations,
  telemetry,
  'firestore-backfill': firestoreBackfill,
};
/** Milliseconds for everything; the parts bound themselves far below. */
const LIMIT_MS = 30 * 60_000;

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !(name in PARTS));
if (unknown.length > 0) {
  console.error(`there is no part ${unknown.join(', ')}; there are ${Object.keys(PARTS).join(', ')}`);
  process.exit(1);
}
const chosen = Object.entries(PARTS).filter(([name]) => asked.length === 0 || asked.includes(name));

execFileSync(process.execPath, [join(import.meta.dirname, '..', 'build.ts')], {
  stdio: ['ignore', 'ignore', 'inherit'],
});
const root = mkdtempSync(join(tmpdir(), 'hawker-bench-'));
process.once('exit', () => rmSync(root, { recursive: true, force: true }));
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
setTimeout(() => {
  console.error('the bench took too long');
  process.exit(1);
}, LIMIT_MS).unref();

const figures: Figure[] = [];
for (const [name, part] of chosen) {
  const folder = join(root, name);
  mkdirSync(folder);
  figures.push(...(await part({ folder, say: (line) => console.error(`${name}: ${line}`) })));
}
const rows = figures.map(({ what, measured, budget = '' }) => `| ${what} | ${measured} | ${budget} |`);
console.log(['| What | Measured | Budget |', '| --- | --- | --- |', ...rows].join('\n'));
