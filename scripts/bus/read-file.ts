/** Reads saved lists of DataMall. Every problem is one line that names the file. */
import { readFile, stat } from 'node:fs/promises';
import { LIST_NAMES, type ListName } from '#shared/bus/list-records.ts';
import { SETS } from '#shared/bus/read-rows.ts';

/** All of Singapore's routes are some 10 MB. */
const MOST_BYTES = 64 * 1_048_576;

/** A field that only this set has, beside those of the ones below it. */
const MARKS: readonly [field: string, list: ListName][] = [
  ['EffectiveDate', 'planned'],
  ['StopSequence', 'routes'],
  ['ServiceNo', 'services'],
  ['BusStopCode', 'stops'],
];

/** The rows of all files by the list that they are of. Files of one list follow one another. */
export async function readFiles(paths: readonly string[]): Promise<Partial<Record<ListName, unknown[]>>> {
  const lists: Partial<Record<ListName, unknown[]>> = {};
  for (const path of paths) {
    const rows = rowsOf(path, await readJson(path));
    const list = listOf(path, rows);
    lists[list] = [...(lists[list] ?? []), ...rows];
  }
  return lists;
}

async function readJson(path: string): Promise<unknown> {
  const text = await readText(path);
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new Error(`${path} is not JSON`);
  }
}

/** With or without a byte order mark, and in UTF-16 where it says so: Windows' own tools write both. */
async function readText(path: string): Promise<string> {
  const refuse = (error: NodeJS.ErrnoException) => {
    throw new Error(error.code === 'ENOENT' ? `there is no file ${path}` : `${path} cannot be read (${error.code})`);
  };
  // Before it is opened, which waits for a writer where it is a pipe.
  const about = await stat(path).catch(refuse);
  if (!about.isFile()) throw new Error(`${path} is no file`);
  if (about.size > MOST_BYTES) throw new Error(`${path} is larger than 64 MiB`);
  const bytes = await readFile(path).catch(refuse);
  const wide = bytes[0] === 0xff && bytes[1] === 0xfe;
  return new TextDecoder(wide ? 'utf-16le' : 'utf-8').decode(bytes);
}

function rowsOf(path: string, json: unknown): unknown[] {
  const rows: unknown = Array.isArray(json) ? json : (Object(json) as { value?: unknown }).value;
  if (!Array.isArray(rows)) throw new Error(`${path} holds no list: neither an array nor an object with one as value`);
  if (rows.length === 0) throw new Error(`${path} holds an empty list`);
  return rows;
}

/** By the first row that is one; those that are not are for the checks. */
function listOf(path: string, rows: readonly unknown[]): ListName {
  const row = rows.find((each) => typeof each === 'object' && each !== null);
  const list = MARKS.find(([field]) => row && field in row)?.[1];
  if (!list) throw new Error(`${path} holds none of ${LIST_NAMES.map((name) => SETS[name]).join(', ')}`);
  return list;
}
