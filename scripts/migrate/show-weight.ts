/** What the statements of a plan cost, for people, in lines of 100 columns. */
import type { StepWeight } from '#shared/migrations/weigh/weigh-steps.ts';
import { say } from '../command/print.ts';

const COLUMNS = 100;
const SQL = 60;

type Weight = Partial<StepWeight>;

export function sayWeight(name: string, { statements = [], untold, backfill }: Weight): void {
  for (const { sql, line, lock, tables, rewrite, blocks, why } of statements) {
    const head = sql.replaceAll(/\s+/g, ' ');
    wrapped(name, 2, `line ${line}: ${head.length > SQL ? `${head.slice(0, SQL)}…` : head}`);
    if (lock === 'none' && tables.length === 0) continue;
    const of = tables.map(tableText).join(', ');
    const effects = [
      `${lock}${of && ` on ${of}`}`,
      { yes: 'rewrites it', maybe: 'may rewrite it', no: '' }[rewrite],
      blocks === 'nothing' ? 'blocks nobody' : `blocks ${blocks}`,
    ];
    wrapped(name, 4, `${effects.filter(Boolean).join('; ')} (${why})`);
  }
  if (untold !== undefined) wrapped(name, 2, `and ${untold} statements more`);
  if (!backfill) return;
  if ('unknown' in backfill) {
    wrapped(name, 2, `in pages; how many is not known: ${backfill.unknown}`);
    return;
  }
  const { rows, pages, etaMs, costUsd, samples = [] } = backfill;
  const cost = costUsd === undefined ? '' : `, about $${costUsd.toFixed(2)}`;
  wrapped(name, 2, `in pages: ${number(rows)} rows, ${number(pages)} pages, about ${duration(etaMs)}${cost}`);
  for (const { key, before, after } of samples) {
    wrapped(name, 4, `${key}:`);
    wrapped(name, 6, `before ${before ?? 'nothing'}`);
    wrapped(name, 6, `after ${after ?? 'nothing'}`);
  }
}

const number = (value: number) => value.toLocaleString('en');

function tableText({ name, created, rows, bytes }: StepWeight['statements'][number]['tables'][number]): string {
  if (created) return `${name} (new)`;
  if (rows === undefined) return name;
  return `${name} (${number(rows)} rows${bytes === undefined ? '' : `, ${size(bytes)}`})`;
}

function size(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes;
  let unit = 0;
  for (; value >= 1024 && unit < units.length - 1; unit++) value /= 1024;
  return `${unit === 0 ? value : value.toFixed(value < 10 ? 1 : 0)} ${units[unit]}`;
}

function duration(ms: number): string {
  const seconds = Math.ceil(ms / 1_000);
  if (seconds < 120) return `${seconds} s`;
  return seconds < 7_200 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3_600).toFixed(1)} h`;
}

/** Behind the target's name, broken at spaces; each line goes on two columns further in. */
function wrapped(name: string, indent: number, text: string): void {
  let line = '';
  let deep = indent;
  const put = () => say(`${name}:${' '.repeat(deep)}${line}`);
  for (const word of text.split(' ')) {
    const room = COLUMNS - name.length - 1 - deep;
    if (line !== '' && line.length + 1 + word.length > room) {
      put();
      deep = indent + 2;
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  put();
}
