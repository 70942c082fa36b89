/** The state machine with one line of it changed: read as text, written to a temporary folder, and loaded from there. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Machine } from './model.ts';

export interface Change {
  file: 'step.ts' | 'state.ts';
  /** Occurs once. */
  find: string;
  replace: string;
}

export async function mutated(folder: string, change: Change): Promise<Machine> {
  await mkdir(folder, { recursive: true });
  for (const file of ['step.ts', 'state.ts'] as const) {
    const text = await readFile(join(import.meta.dirname, file), 'utf8');
    await writeFile(join(folder, file), withAbsoluteImports(file === change.file ? changed(text, change) : text));
  }
  const load = (file: string) => import(pathToFileURL(join(folder, file)).href);
  const { standing, wakeAt, initialState } = (await load('state.ts')) as Machine;
  const { step } = (await load('step.ts')) as Machine;
  return { step, standing, wakeAt, initialState };
}

/** Throws unless what is to be changed occurs once: a mutant that changes nothing proves nothing. */
export function changed(text: string, { find, replace }: { find: string; replace: string }): string {
  const parts = text.split(find);
  if (parts.length !== 2) throw new Error(`occurs ${parts.length - 1} times, not once: ${find}`);
  return parts.join(replace);
}

/** The two files know each other by their place beside one another, and all else by its real one. */
function withAbsoluteImports(text: string): string {
  return text.replaceAll(/from '(\.[^']*)'/g, (whole, path: string) => {
    if (path === './state.ts') return whole;
    return `from '${pathToFileURL(join(import.meta.dirname, path)).href}'`;
  });
}
