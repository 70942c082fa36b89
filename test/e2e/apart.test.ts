/** The suite of the embedded default, run again on what is deployed: each built function in a process of its own over the emulators of Firestore and Pub/Sub. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before } from 'node:test';
import { apart } from '../support/bundle.ts';
import { EMULATED, WITHOUT_EMULATORS } from '../support/emulated.ts';
import { brandedLinksContract } from './branded-links.contract.ts';
import { bundleContract } from './bundle.contract.ts';

const ROOT = join(import.meta.dirname, '../..');
const away = mkdtempSync(join(tmpdir(), 'hawker-apart-'));
const dist = join(away, 'dist');

before(() => {
  if (WITHOUT_EMULATORS) return;
  execFileSync(process.execPath, [join(ROOT, 'scripts/build.ts'), '--out', dist], {
    cwd: ROOT,
    stdio: 'pipe',
    timeout: 100_000,
  });
  // What the platform installs from each folder's package.json.
  symlinkSync(join(ROOT, 'node_modules'), join(away, 'node_modules'));
});
after(() => rmSync(away, { recursive: true, force: true }));

for (const by of ['itself', 'framework'] as const) {
  const name = `the emulators, each function ${by === 'itself' ? 'by itself' : 'under functions-framework'}`;
  brandedLinksContract(name, apart(dist, EMULATED, by), WITHOUT_EMULATORS);
  bundleContract(name, apart(dist, EMULATED, by), WITHOUT_EMULATORS);
}
