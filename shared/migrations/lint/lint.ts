/** What is dangerous or wrong in a folder of migrations, by its files alone. */
import { isAppError } from '../../errors.ts';
import { pageStatement } from '../backfill/marker.ts';
import { readDirectives } from '../directives.ts';
import { LARGEST_STORED, parseFileName } from '../file-name.ts';
import type { Directives, Version } from '../migration.ts';
import type { Kind } from '../target.ts';
import type { Effects, Finding, LintedScript, Raised } from './finding.ts';
import { noEffects } from './finding.ts';
import { heedIgnores } from './ignores.ts';
import { notUtf8 } from './not-utf8.ts';
import { nothingKnown, type PgKnown } from './pg-known.ts';
import type { LintGiven } from './read-lint-files.ts';
import { RULES } from './rules.ts';

interface File {
  file: string;
  text: string;
  version: Version;
  direction: 'up' | 'down';
  linted: LintedScript;
  directives: Directives | undefined;
  raised: Raised[];
}

/** Numbered SQL that golang-migrate passes over: `1_a.sql`, `V1__a.sql`, `1-a.up.sql`. */
const LOOKS_LIKE = /^(?:[VUR]?\d+.*\.sql|.*\.(?:up|down)\.[a-z]+)$/i;

/** `late`: versions that no `up` will run, where that is known. By version and place. Never throws for what files hold. */
export async function lintFiles(
  files: LintGiven,
  kind: Kind,
  { late = [] }: { late?: readonly Version[] } = {},
): Promise<Finding[]> {
  const named = Object.keys(files)
    .sort()
    .flatMap((file) => {
      const parsed = parseFileName(file);
      return parsed ? [{ file, ...parsed }] : [];
    });
  // The way there before the way back; of two alike the first is golang-migrate's, too.
  const order = ({ version, direction }: { version: Version; direction: string }) => [
    version,
    direction === 'up' ? 0n : 1n,
  ];
  named.sort((a, b) => {
    const differ = order(a)
      .map((one, at) => one - (order(b)[at] ?? 0n))
      .find((one) => one !== 0n);
    return differ === undefined ? 0 : differ < 0n ? -1 : 1;
  });
  const known = nothingKnown();
  const all: File[] = [];
  for (const { file, version, direction } of named)
    all.push(await readFile({ file, version, direction }, files, { kind, known }));
  for (const of of byVersion(all)) lintPair(of, late.includes(of[0]?.version ?? -1n));
  return [
    ...Object.keys(files)
      .filter((file) => !parseFileName(file) && LOOKS_LIKE.test(file))
      .sort()
      .map(ignoredName),
    ...all.flatMap((one) => findingsOf(one)),
  ];
}

async function readFile(
  of: Pick<File, 'file' | 'version' | 'direction'>,
  files: LintGiven,
  { kind, known }: { kind: Kind; known: PgKnown },
): Promise<File> {
  const { file, version, direction } = of;
  const given = files[file] ?? '';
  const raised: Raised[] = [];
  if (version > LARGEST_STORED)
    raised.push({ rule: 'version-too-large', offset: 0, message: `no table can hold the version ${version}` });
  if (typeof given !== 'string') {
    const { text, at } = notUtf8(given);
    raised.push(at);
    // What else is in it would be told of a text that nobody wrote.
    const linted = { raised: [at], ranges: [], effects: { ...noEffects(), unclear: true } };
    return { ...of, text, directives: undefined, linted, raised };
  }
  const text = given.replace(/^\ufeff/, '');
  let directives: Directives | undefined;
  try {
    directives = readDirectives(file, text);
    // It may be right in another dialect alone.
    if (directives.backfill && kind !== 'firestore') pageStatement({ file, text }, directives.backfill, kind);
  } catch (error) {
    if (!isAppError(error)) throw error;
    const [, line = '1', message = error.message] = /, line (\d+): (.*)$/s.exec(error.message) ?? [];
    raised.push({ rule: 'bad-directive', offset: offsetOf(text, Number(line)), message });
  }
  const how = { down: direction === 'down', backfill: directives?.backfill !== undefined };
  // What a way back does to types is no news for the next file.
  const linted = await lintText(text, kind, { ...how, known: how.down ? nothingKnown() : known });
  const crlf = text.indexOf('\r\n');
  if (crlf >= 0) raised.push({ rule: 'crlf', offset: crlf, message: 'lines end with CR and LF' });
  return { ...of, text, directives, linted, raised: [...raised, ...linted.raised] };
}

async function lintText(
  text: string,
  kind: Kind,
  given: { down: boolean; backfill: boolean; known: PgKnown },
): Promise<LintedScript> {
  if (kind === 'firestore') return { raised: [], ranges: [], effects: noEffects() };
  if (kind === 'postgres') return (await import('./postgres.ts')).lintPostgres(text, given);
  return (await import('./by-words.ts')).lintByWords(text, kind, given);
}

function byVersion(all: readonly File[]): File[][] {
  const found = new Map<Version, File[]>();
  for (const one of all) found.set(one.version, [...(found.get(one.version) ?? []), one]);
  return [...found.values()];
}

/** What two files of one version say together. */
function lintPair(files: readonly File[], late: boolean): void {
  const ups = files.filter(({ direction }) => direction === 'up');
  const downs = files.filter(({ direction }) => direction === 'down');
  for (const { file, raised } of [...ups.slice(1), ...downs.slice(1)])
    raised.push({
      rule: 'duplicate-version',
      offset: 0,
      message: `${file} has the version of ${ups.length > 1 ? ups[0]?.file : downs[0]?.file}`,
    });
  const [up] = ups;
  const [down] = downs;
  if (!up) return;
  if (late)
    up.raised.push({
      rule: 'late-version',
      offset: 0,
      message: `no up runs version ${up.version}: the database is beyond it`,
    });
  if (up.directives?.irreversible || down?.directives?.irreversible) return;
  if (!down) {
    up.raised.push({
      rule: 'down-missing',
      offset: 0,
      message: `version ${up.version} has no .down. file: a way down moves the version and nothing else`,
    });
    return;
  }
  const does = up.linted.ranges.length > 0;
  if (does && down.linted.ranges.length === 0 && down.linted.raised.length === 0)
    down.raised.push({ rule: 'down-empty', offset: 0, message: `takes back nothing of ${up.file}` });
  else if (!down.linted.effects.unclear && !up.linted.effects.unclear) lintInverse(up, down);
}

function lintInverse(up: File, down: File): void {
  const gone = down.linted.effects.takes;
  // An index goes with any column of it; of which, its maker alone knows.
  const columnsGone = new Set(
    [...gone].flatMap((one) => (one.startsWith('column ') ? one.slice(7, one.lastIndexOf('.')) : [])),
  );
  const taken = (effects: Effects, what: string) => effects.takes.has(what);
  for (const [what, { table }] of up.linted.effects.makes) {
    const whole =
      what !== `table ${table}` && (gone.has(`table ${table}`) || up.linted.effects.makes.has(`table ${table}`));
    const index = what.startsWith('index ') && columnsGone.has(table);
    if (whole || index || gone.has(what) || taken(up.linted.effects, what)) continue;
    down.raised.push({
      rule: 'down-not-inverse',
      offset: down.linted.ranges[0]?.start ?? 0,
      message: `${up.file} makes the ${what}, and this leaves it`,
    });
  }
}

function findingsOf({ file, text, version, linted, raised }: File): Finding[] {
  const place = placer(text);
  return heedIgnores(text, linted.ranges, raised)
    .toSorted((a, b) => a.offset - b.offset)
    .map(({ rule, offset, message }) => {
      const { severity, help } = RULES[rule];
      return { rule, severity, version: version.toString(), file, ...place(offset), message, help };
    });
}

function ignoredName(file: string): Finding {
  const { severity, help } = RULES['ignored-name'];
  return {
    rule: 'ignored-name',
    severity,
    file,
    line: 1,
    column: 1,
    message: 'is passed over: its name is no migration’s',
    help,
  };
}

/** Of ascending offsets. */
function placer(text: string): (offset: number) => { line: number; column: number } {
  let line = 1;
  let begin = 0;
  // Kept, since a line may be as long as the text and hold most of its findings.
  let end = text.indexOf('\n');
  return (offset) => {
    const at = Math.max(0, Math.min(offset, text.length));
    for (; end >= 0 && end < at; end = text.indexOf('\n', begin)) {
      line++;
      begin = end + 1;
    }
    return { line, column: at - begin + 1 };
  };
}

function offsetOf(text: string, line: number): number {
  let at = 0;
  for (let k = 1; k < line; k++) at = text.indexOf('\n', at) + 1 || text.length;
  return at;
}
