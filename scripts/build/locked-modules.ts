/** Which folders of node_modules some packages need, as package-lock.json has them: what an image installs, without a registry and to the byte what was tested. */
import { cpSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const SYSTEM = `${process.platform}-${process.arch}`;

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
    // An optional peer is for whoever has it for a reason of their own: a framework that a package could be plugged into, say.
    for (const each of Object.keys(found.peerDependencies ?? {}))
      if (!found.peerDependenciesMeta?.[each]?.optional) visit(folder, each, false);
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

/** What a package brings for other systems beside what it has for this one, as node-gyp-build finds it: https://github.com/prebuild/prebuildify */
const PREBUILT = /[\\/]prebuilds[\\/](?<system>[^\\/]+)/;

/** Copies them from `root` to below `target`, without what other systems need: that is locked too, but not installed. */
export function copyLocked(root: string, names: readonly string[], target: string): string[] {
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as Lock;
  const folders = lockedFolders(lock, names).filter((folder) => existsSync(join(root, folder)));
  for (const folder of folders)
    cpSync(join(root, folder), join(target, folder), {
      recursive: true,
      dereference: true,
      // Nested ones are copied by their own entries, where they are needed.
      filter: (from) => {
        const path = from.slice(join(root, folder).length);
        const system = PREBUILT.exec(path)?.groups?.['system'];
        return !path.includes('node_modules') && (system ?? SYSTEM) === SYSTEM;
      },
    });
  return folders;
}
