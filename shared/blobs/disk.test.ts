import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import {
  appendFile,
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rm,
  stat,
  symlink,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, it } from 'node:test';
import { AppError, isAppError } from '../errors.ts';
import { systemIds } from '../ids.ts';
import { createFakeClock } from '../testing/fake-clock.ts';
import { guardAgainstLeaks } from '../testing/leak-guard.ts';
import { blobsContract } from './blobs.contract.ts';
import { type Blobs, blobName } from './blobs.ts';
import { createDiskBlobs } from './disk.ts';

guardAgainstLeaks();

const clock = createFakeClock(Date.parse('2026-11-23T01:00:00Z'));
const PNG = 'image/png';
let base: string;
before(async () => {
  base = await mkdtemp(join(tmpdir(), 'hawker-blobs-'));
});
after(() => rm(base, { recursive: true }));

let folders = 0;
function disk(): { folder: string; blobs: Blobs } {
  const folder = join(base, `data-${++folders}`, 'blobs');
  return { folder, blobs: createDiskBlobs(folder, { clock, ids: systemIds }) };
}

/** Descriptors of this process that lead into the folder. */
async function open(folder: string): Promise<number> {
  const links = await Promise.all(
    (await readdir('/proc/self/fd')).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')),
  );
  return links.filter((link) => link.startsWith(folder)).length;
}

blobsContract('disk', async () => {
  const { folder, blobs } = disk();
  return { blobs, held: () => open(folder), close: async () => undefined };
});

const name = blobName(clock.now() + 60_000, 'a-blob');
const PART = `${name}.abc123.part`;

it('keeps folder and files to the user', async () => {
  const { folder, blobs } = disk();
  await blobs.put(name, Buffer.from('x'), PNG);
  const mode = async (path: string) => ((await stat(path)).mode & 0o777).toString(8);
  assert.deepEqual([await mode(folder), await mode(join(folder, name))], ['700', '600']);
});

it('is not shared, and has no addresses to sign', async () => {
  const { blobs } = disk();
  assert.equal(blobs.shared, false);
  await assert.rejects(
    blobs.sign(name, 60),
    (error) => isAppError(error, 'not_configured') && /HAWKER_BUCKET/.test(error.message),
  );
});

it('lists neither what is being written nor what is not its own', async () => {
  const { folder, blobs } = disk();
  await blobs.put(name, Buffer.from('x'), PNG);
  for (const foreign of [PART, 'README', '.DS_Store', `${name}.bak`]) await writeFile(join(folder, foreign), 'x');
  assert.deepEqual(await blobs.list(undefined, 100), [name]);
  assert.equal((await readdir(folder)).length, 5);
});

it('removes what a dead process left half-written, once it is an hour old, and nothing else', async () => {
  const { folder, blobs } = disk();
  await mkdir(folder, { recursive: true });
  const aged = async (file: string, minutes: number) => {
    await writeFile(join(folder, file), 'x');
    const at = (clock.now() - minutes * 60_000) / 1_000;
    await utimes(join(folder, file), at, at);
  };
  await aged(PART, 61);
  await aged(`${name}.young.part`, 59);
  await aged('foreign.part', 600);
  await blobs.list(undefined, 1);
  assert.deepEqual((await readdir(folder)).sort(), [`${name}.young.part`, 'foreign.part'].sort());
});

it('says that a damaged file is, and closes it', async () => {
  const { folder, blobs } = disk();
  const path = join(folder, name);
  const spoil: (() => Promise<unknown>)[] = [
    () => truncate(path, 10),
    () => truncate(path, 0),
    () => appendFile(path, 'more'),
    async () => truncate(path, (await stat(path)).size - 1),
    () => writeFile(path, 'x'.repeat(1_000)),
  ];
  for (const spoils of spoil) {
    await blobs.put(name, Buffer.alloc(1_000), PNG);
    await spoils();
    await assert.rejects(blobs.get(name), (error) => isAppError(error, 'unavailable') && /damaged/.test(error.message));
  }
  assert.equal(await open(folder), 0);
});

it('errors where the file is cut while it is read', async () => {
  const { folder, blobs } = disk();
  await blobs.put(name, Buffer.alloc(200_000), PNG);
  const reader = (await blobs.get(name))?.body.getReader();
  await reader?.read();
  await truncate(join(folder, name), 70_000);
  await assert.rejects(
    async () => {
      while (!(await reader?.read())?.done);
    },
    (error) => isAppError(error, 'unavailable'),
  );
  assert.equal(await open(folder), 0);
});

it('does not follow a link out of its folder', async () => {
  const { folder, blobs } = disk();
  await mkdir(folder, { recursive: true });
  await writeFile(join(base, 'secret'), 'hawker-blob 1 image/png\nx');
  await symlink(join(base, 'secret'), join(folder, name));
  await assert.rejects(blobs.get(name), (error) => isAppError(error, 'unavailable'));
});

it('leaves no temporary file where a put fails or is aborted, and keeps what was there', async () => {
  const { folder, blobs } = disk();
  await blobs.put(name, Buffer.from('first'), PNG);
  const stop = new AbortController();
  const going = blobs.put(name, Buffer.alloc(5_000_000), PNG, { signal: stop.signal });
  stop.abort(new Error('enough'));
  await assert.rejects(going, /enough/);
  assert.deepEqual(await readdir(folder), [name]);
  assert.match(await readFile(join(folder, name), 'latin1'), /first$/);
});

it('names the folder where it cannot be used', async () => {
  const folder = join(base, 'a file', 'blobs');
  await writeFile(join(base, 'a file'), '');
  const blobs = createDiskBlobs(folder, { clock, ids: systemIds });
  const told = (error: unknown) =>
    isAppError(error, 'unavailable') && error.message.includes(folder) && /HAWKER_DATA/.test(error.message);
  await assert.rejects(blobs.put(name, Buffer.from('x'), PNG), told);
  await assert.rejects(blobs.get(name), told);
  await assert.rejects(blobs.list(undefined, 1), told);
});

/** A program that has `blobs` in `folder`, and `fs`. */
function program(folder: string, work: string): string[] {
  const module = (path: string) => JSON.stringify(import.meta.resolve(path));
  const script = `
    import fs from 'node:fs';
    import { createDiskBlobs } from ${module('./disk.ts')};
    import { systemClock as clock } from ${module('../clock.ts')};
    import { systemIds as ids } from ${module('../ids.ts')};
    const folder = ${JSON.stringify(folder)};
    const blobs = createDiskBlobs(folder, { clock, ids });
    ${work}`;
  return [process.execPath, '--input-type=module-typescript', '-e', script];
}

async function run([command = '', ...args]: string[], options: { uid?: number } = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(command, args, options, (error, stdout, stderr) =>
      error ? reject(new Error(stderr)) : resolve(stdout.trim()),
    );
  });
}

it('says so where it has no right to write', async () => {
  const { folder } = disk();
  await mkdir(folder, { recursive: true });
  await chmod(folder, 0o500);
  const work =
    "await blobs.put('7fffffff-a', Buffer.from('x'), 'image/png').catch(({ code, message }) => console.log(code, message));";
  // Root may write anywhere.
  const told = await run(program(folder, work), process.getuid?.() === 0 ? { uid: 65_534 } : {});
  assert.match(told, /^unavailable .*permission denied/);
});

/** The same on a disk of 1 MiB. */
async function onTinyDisk(work: string): Promise<string> {
  const mount = await mkdtemp(join(base, 'tiny-'));
  const shell = 'mount -t tmpfs -o size=1m tmpfs "$1" && shift && exec "$@"';
  return run(['unshare', '-rm', 'sh', '-c', shell, 'sh', mount, ...program(join(mount, 'blobs'), work)]);
}

const canMount = await run(['unshare', '-rm', 'sh', '-c', 'mount -t tmpfs tmpfs /mnt']).then(
  () => true,
  () => false,
);

it('says storage_full on a full disk, leaves nothing half-written, keeps what was there, and goes on once there is room', {
  skip: !canMount && 'file systems cannot be mounted here',
}, async () => {
  const told = await onTinyDisk(`
    const [a, b] = ['7fffffff-a', '7fffffff-b'];
    await blobs.put(a, Buffer.alloc(600_000, 1), 'image/png');
    const refused = [];
    for (const name of [a, b]) await blobs.put(name, Buffer.alloc(600_000, 2), 'image/png').catch((error) => refused.push(error.code));
    const left = fs.readdirSync(folder);
    const kept = fs.readFileSync(folder + '/' + a).at(-1);
    await blobs.delete(a);
    await blobs.put(b, Buffer.alloc(600_000, 3), 'image/png');
    console.log(JSON.stringify({ refused, left, kept, after: fs.readdirSync(folder) }));`);
  assert.deepEqual(JSON.parse(told), {
    refused: ['storage_full', 'storage_full'],
    left: ['7fffffff-a'],
    kept: 1,
    after: ['7fffffff-b'],
  });
});

it('tells no bytes in its errors', async () => {
  const { folder, blobs } = disk();
  await mkdir(join(folder, name), { recursive: true });
  await assert.rejects(
    blobs.put(name, Buffer.from('secret bytes'), PNG),
    (error) => error instanceof AppError && !error.message.includes('secret'),
  );
});
