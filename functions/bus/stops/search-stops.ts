/**
 * The search for stops by code, name and road. MiniSearch finds what may match, typos and beginnings of words included; how well a stop matches is decided here, by rules
 * that can be told to a person.
 */
import type { Network, Stop } from '#shared/bus/lists.ts';
import { ALSO_MEANT, EXPANSIONS, OTHER_SPELLINGS } from './abbreviations.ts';
import type { MiniSearch } from './minisearch-client.ts';
import { spelledOut, wordsOf } from './words.ts';

/** Longest text that is searched for, in characters; what is beyond is ignored. */
export const MOST_TEXT = 100;

export interface Match {
  stop: Stop;
  /** 0 is best; the same for stops that match equally well. */
  rank: number;
}

/** A field of a stop: its words spelled out, and all terms it is found by. */
interface Field {
  words: ReadonlySet<string>;
  terms: readonly string[];
}

interface Entry {
  id: number;
  name: Field;
  road: Field;
}

interface Index {
  mini: InstanceType<typeof MiniSearch<Entry>>;
  entries: readonly Entry[];
  /** All terms of all stops. */
  terms: ReadonlySet<string>;
}

/** A query's word. */
interface Wanted {
  word: string;
  /** Whether a term that begins with it will do. */
  begins: boolean;
  /** Whether it must not be taken for a typo. */
  strict: boolean;
}

/** How well a word matches a stop, the best first; a stop is as good as its worst word. */
const QUALITY = { name: 0, nameBegins: 1, road: 2, roadBegins: 3, nameTypo: 4, roadTypo: 5 } as const;
const EXACT_CODE = 0;
const CODE_BEGINS = 1;
const TEXT = 2;
/** Letters of a word that may be written apart, at least; shorter ones are too often two words by chance. */
const LEAST_PARTED = 6;
const MOST_PARTS = 3;
/** What each word that is not found adds to the rank. */
const MISSING = 10;

const indexes = new WeakMap<Network, Promise<Index>>();

/**
 * Every stop that matches, the best first: the stop with this very code; codes that begin so; all words in the name, whole ones before beginnings of
 * words; some only in the road; some only with a typo, the name before the road. Equally good ones are in order of how little else their names say, then of their codes.
 *
 * All words must match, in any order. Only where no stop has all of them, those that have some are answered, the more the better. A typo is forgiven in words of
 * 4 letters, two in words of 8, none where there is a digit. Never throws for any text; nothing is found where there is no letter and no digit.
 */
export async function searchStops(network: Network, text: string): Promise<Match[]> {
  const words = wordsOf(text.slice(0, MOST_TEXT));
  if (words.length === 0) return [];
  const ranks = new Map<Stop, { rank: number; spare: number }>();
  const note = (stop: Stop, rank: number, spare: number) => {
    const known = ranks.get(stop);
    if (!known || rank < known.rank || (rank === known.rank && spare < known.spare)) ranks.set(stop, { rank, spare });
  };

  const [only = ''] = words;
  // People write codes in groups: `83 139`.
  const spaced = network.stop(words.join(''));
  if (spaced) note(spaced, EXACT_CODE, 0);
  if (words.length === 1 && /^\d{1,5}$/.test(only))
    for (const stop of network.stops) if (stop.code.startsWith(only)) note(stop, CODE_BEGINS, 0);
  for (const word of words) {
    const stop = network.stop(word);
    if (stop) note(stop, EXACT_CODE, 0);
  }
  const index = await indexOf(network);
  for (const reading of readings(words, index.terms)) rankAll(network, index, wantedOf(reading), 'AND', note);
  if (ranks.size === 0) {
    const guess = wantedOf({ words: spelledOut(unswapped(words, index.terms)), unfinished: false });
    rankAll(network, index, guess, 'AND', (stop, rank, spare) =>
      note(stop, Math.max(TEXT + QUALITY.nameTypo, rank), spare),
    );
    if (ranks.size === 0) rankAll(network, index, guess, 'OR', note);
  }

  return [...ranks]
    .map(([stop, { rank, spare }]) => ({ stop, rank, spare }))
    .sort((a, b) => a.rank - b.rank || a.spare - b.spare || (a.stop.code < b.stop.code ? -1 : 1));
}

interface Reading {
  words: string[];
  /** The last word stands as it was written, since it may go on: `st` of `stadium`. */
  unfinished: boolean;
}

/** What the words may mean: as the abbreviations say, or otherwise; or parted elsewhere, as in `vivo city` and `payalebar`. */
function readings(words: readonly string[], terms: ReadonlySet<string>): Reading[] {
  const found = [{ words: spelledOut(words), unfinished: false }];
  if (words.some((word) => ALSO_MEANT.has(word)))
    found.push({ words: spelledOut(words.map((word) => ALSO_MEANT.get(word) ?? word)), unfinished: false });
  const last = words.at(-1) as string;
  if (EXPANSIONS.has(last)) found.push({ words: [...spelledOut(words.slice(0, -1)), last], unfinished: true });
  for (const parted of [joined(words, terms), split(words, terms)])
    if (parted.length !== words.length) found.push({ words: spelledOut(parted), unfinished: false });
  return found.filter((reading) => reading.words.length > 0);
}

/** Two words in a row that some stop writes as one. */
function joined(words: readonly string[], terms: ReadonlySet<string>): string[] {
  const out: string[] = [];
  for (const word of words) {
    const both = `${out.at(-1)}${word}`;
    if (out.length > 0 && both.length >= LEAST_PARTED && terms.has(both)) out[out.length - 1] = both;
    else out.push(word);
  }
  return out;
}

/** A word that no stop has, where all of its parts are words of stops; the fewest parts, and the longest first. */
function split(words: readonly string[], terms: ReadonlySet<string>): string[] {
  return words.flatMap((word) =>
    terms.has(word) || word.length < LEAST_PARTED ? word : (partsOf(word, terms) ?? word),
  );
}

function partsOf(word: string, terms: ReadonlySet<string>, most = MOST_PARTS): string[] | undefined {
  if (terms.has(word)) return [word];
  if (most === 1) return undefined;
  let best: string[] | undefined;
  for (let end = word.length - 2; end >= 2; end--) {
    const start = word.slice(0, end);
    const rest = terms.has(start) ? partsOf(word.slice(end), terms, most - 1) : undefined;
    if (rest && (!best || rest.length + 1 < best.length)) best = [start, ...rest];
  }
  return best;
}

function wantedOf({ words, unfinished }: Reading): Wanted[] {
  return [...new Set(words)].map((word, i, all) => {
    const last = i === all.length - 1;
    // A number or a letter is a name of its own, unless it is still being typed.
    const begins = last || (word.length > 1 && !/\p{N}/u.test(word));
    return { word, begins, strict: last && unfinished };
  });
}

/** How many typos are forgiven in a word. */
function typosIn(word: string): number {
  if (word.length < 4 || /\p{N}/u.test(word)) return 0;
  return word.length < 8 ? 1 : 2;
}

/** Words that no stop has, but would with two neighbouring letters swapped: the commonest typo, which would count as two. */
function unswapped(words: readonly string[], terms: ReadonlySet<string>): string[] {
  return words.map((word) => {
    if (typosIn(word) === 0 || terms.has(word)) return word;
    const letters = [...word];
    const swaps = letters.slice(1).map((letter, i) => letters.with(i, letter).with(i + 1, letters[i] as string));
    return swaps.map((swap) => swap.join('')).find((swap) => terms.has(swap)) ?? word;
  });
}

function rankAll(
  network: Network,
  { mini, entries }: Index,
  wanted: readonly Wanted[],
  combineWith: 'AND' | 'OR',
  note: (stop: Stop, rank: number, spare: number) => void,
): void {
  const query = wanted.map(({ word }) => word).join(' ');
  const results = mini.search(query, {
    combineWith,
    prefix: (_, i) => wanted[i]?.begins ?? false,
    fuzzy: (word, i) => !wanted[i]?.strict && typosIn(word),
  });
  for (const { id, queryTerms, match } of results) {
    const entry = entries[id as number] as Entry;
    let worst: number = QUALITY.name;
    let missing = 0;
    let said = 0;
    for (const { word, begins } of wanted) {
      if (combineWith === 'OR' && !queryTerms.includes(word)) {
        missing++;
        continue;
      }
      if (entry.name.words.has(word)) said++;
      worst = Math.max(worst, qualityOf(entry, word, begins) ?? typoIn(match, wanted));
    }
    note(network.stops[entry.id] as Stop, TEXT + worst + missing * MISSING, entry.name.words.size - said);
  }
}

/** Undefined where only a typo can be why it was found. */
function qualityOf({ name, road }: Entry, word: string, begins: boolean): number | undefined {
  const begun = ({ terms }: Field) => begins && terms.some((term) => term.startsWith(word));
  if (name.words.has(word)) return QUALITY.name;
  // The 3 of `clementi ave 3` rather means that avenue than Blk 308.
  if (!/\p{N}/u.test(word) && begun(name)) return QUALITY.nameBegins;
  if (road.words.has(word)) return QUALITY.road;
  if (begun(name) || begun(road)) return QUALITY.roadBegins;
  return undefined;
}

/** MiniSearch tells which fields each of the terms that were found is in, though not for which word. */
function typoIn(match: Record<string, string[]>, wanted: readonly Wanted[]): number {
  const inName = Object.entries(match).some(
    ([term, fields]) => fields.includes('name') && !wanted.some(({ word }) => term.startsWith(word)),
  );
  return inName ? QUALITY.nameTypo : QUALITY.roadTypo;
}

/** Made once for each network, when it is first searched. */
function indexOf(network: Network): Promise<Index> {
  let made = indexes.get(network);
  if (!made) {
    made = makeIndex(network);
    indexes.set(network, made);
    // Who waits for it is told; the next one tries again.
    made.catch(() => indexes.delete(network));
  }
  return made;
}

async function makeIndex(network: Network): Promise<Index> {
  const { MiniSearch: Mini } = await import('./minisearch-client.ts');
  const entries = network.stops.map(({ name, road }, id): Entry => ({ id, name: fieldOf(name), road: fieldOf(road) }));
  const mini = new Mini<Entry>({
    fields: ['name', 'road'],
    extractField: (entry, field) =>
      (field === 'id' ? entry.id : entry[field as 'name' | 'road'].terms.join(' ')) as string,
    tokenize: (text) => text.split(' '),
    processTerm: (term) => term,
  });
  mini.addAll(entries);
  return { mini, entries, terms: new Set(entries.flatMap(({ name, road }) => [...name.terms, ...road.terms])) };
}

function fieldOf(text: string): Field {
  const asWritten = wordsOf(text);
  const words = spelledOut(asWritten);
  // `one-north` is found by `onenorth` too.
  const joined = text.split(/[\s/]+/).flatMap((part) => (part.includes('-') ? wordsOf(part).join('') : []));
  const others = words.flatMap((word) => OTHER_SPELLINGS.get(word) ?? []);
  return { words: new Set(words), terms: [...new Set([...words, ...asWritten, ...joined, ...others])].filter(Boolean) };
}
