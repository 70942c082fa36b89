/** Which folders of node_modules some packages need, as package-lock.json has them: what an image installs, without a registry and to the byte what was tested. */
import { cpSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

interface LockedPackage {
  dependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
  peerDependencies?: Record<string, string>;
  peerDependenciesMeta?: Record<string, { optional?: boolean }>;
  /** Only development leads to it. */
  dev?: boolean;
}

export interface Lock {
  packages: Record<string, LockedPackage>;
}

/**
 * The folders, such as `node_modules/a/node_modules/b`, sorted. Throws where the lock lacks one that must be there, or has it for development alone.
 * Optional ones that it lacks are left out.
 */
export function lockedFolders(lock: Lock, names: readonly string[]): string[] {
  const seen = new Set<string>();
  const visit = (from: string, name: string, optional: boolean) => {
    const folder = resolveFrom(lock, from, name);
    if (folder === undefined) {
      if (optional) return;
      throw new Error(`package-lock.json has no ${name}, which ${from || 'the bundles'} need`);
    }
    if (seen.has(folder)) return;
    const found = lock.packages[folder] as LockedPackage;
    if (found.dev) throw new Error(`${folder} is locked for development alone, and ${from || 'the bundles'} need it`);
    seen.add(folder);
    for (const each of Object.keys(found.dependencies ?? {})) visit(folder, each, false);
    for (const each of Object.keys(found.optionalDependencies ?? {})) visit(folder, each, true);
    for (const each of Object.keys(found.peerDependencies ?? {}))
      visit(folder, each, found.peerDependenciesMeta?.[each]?.optional === true);
  };
  for (const name of names) visit('', name, false);
  return [...seen].sort();
}

/** As Node looks for it: in the folder's own node_modules, then in those of the folders above. */
function resolveFrom(lock: Lock, from: string, name: string): string | undefined {
  for (let folder = from; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/node_modules/')))) {
    const candidate = `${folder === '' ? '' : `${folder}/`}node_modules/${name}`;
    if (candidate in lock.packages) return candidate;
    if (folder === '') return undefined;
  }
}

/** Copies them from `root` to below `target`, without what other systems need: that is locked too, but not installed. */
export function copyLocked(root: string, names: readonly string[], target: string): string[] {
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as Lock;
  const folders = lockedFolders(lock, names).filter((folder) => existsSync(join(root, folder)));
  for (const folder of folders)
    cpSync(join(root, folder), join(target, folder), {
      recursive: true,
      dereference: true,
      // Nested ones are copied by their own entries, where they are needed.
      filter: (from) => !from.slice(join(root, folder).length).includes('node_modules'),
    });
  return folders;
}
