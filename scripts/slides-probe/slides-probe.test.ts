import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type FakeGoogle, startFakeGoogle } from '#shared/testing/google/start.ts';
import { guardAgainstLeaks } from '#shared/testing/leak-guard.ts';
import { freePort } from '../loopback.ts';

guardAgainstLeaks();

const PROBE = join(import.meta.dirname, '..', 'slides-probe.ts');

describe('slides-probe', () => {
  let google: FakeGoogle;
  let folder: string;
  before(async () => {
    google = await startFakeGoogle();
    folder = mkdtempSync(join(tmpdir(), 'hawker-probe-'));
  });
  after(async () => {
    await google[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
  });

  async function probe(args: string[], more: Record<string, string> = {}) {
    const port = await freePort();
    const env = {
      PATH: process.env['PATH'],
      ...google.env,
      HAWKER_DATA: folder,
      PORT: String(port),
      HAWKER_PUBLIC_URL: `http://127.0.0.1:${port}`,
      ...more,
    };
    return new Promise<{ code: unknown; stdout: string; stderr: string }>((resolve) => {
      execFile(process.execPath, [PROBE, ...args], { env, timeout: 60_000 }, (error, stdout, stderr) =>
        resolve({ code: error ? error.code : 0, stdout, stderr }),
      );
    });
  }

  it('answers each question by what it saw, and takes away what it put there', async () => {
    const deck = google.slides.addDeck();
    google.slides.behave({ headFirst: true });
    const quick = [
      'fetch',
      'no-length',
      'repeat',
      'redirect',
      'shared',
      'duplicate',
      'replace-ratio',
      'alt-text',
      'many-requests',
    ];
    const { code, stdout, stderr } = await probe(['--presentation', deck, '--json', ...quick]);
    google.slides.behave({});
    assert.equal(code, 0, stderr);
    const seen = Object.fromEntries(
      stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line))
        .map(({ experiment, ...rest }) => [experiment, rest]),
    );
    assert.deepEqual(Object.keys(seen), quick);
    assert.match(seen['fetch'].requests.join(), /^HEAD after \d+ ms,GET after \d+ ms$/);
    assert.match(seen['fetch'].headers['user-agent'], /GoogleDocs/);
    assert.equal(seen['no-length'].outcome, 'applied');
    assert.equal(seen['repeat'].outcome, 'refused');
    assert.equal(seen['duplicate'].outcome, 'refused');
    assert.deepEqual(seen['replace-ratio'].sameRatio.box, seen['replace-ratio'].before);
    assert.deepEqual([seen['alt-text'].title, seen['alt-text'].description], ['t', 'd']);
    assert.equal(seen['many-requests'][5_000], 'applied');
    assert.deepEqual(google.slides.elementIds(deck), []);
    assert.deepEqual(google.forbidden(), []);
  });

  it('reads well without --json', async () => {
    const { code, stdout } = await probe(['--presentation', google.slides.addDeck(), 'shared']);
    assert.equal(code, 0);
    assert.match(stdout, /^Is one address .*\?\n {2}outcome: applied\n {2}requests: \["GET/);
  });

  it('says what is missing or wrong in one line', async () => {
    for (const [args, more, said] of [
      [[], {}, /usage: /],
      [['--presentation', 'x', 'nothing'], {}, /there is no experiment nothing; there are fetch, /],
      [['--presentation', 'x'], { HAWKER_PUBLIC_URL: '' }, /set HAWKER_PUBLIC_URL/],
    ] as const) {
      const { code, stderr } = await probe([...args], more);
      assert.deepEqual([code, stderr.trim().split('\n').length], [2, 1], stderr);
      assert.match(stderr, said);
    }
    const { code, stderr } = await probe(['--presentation', 'no-such-deck']);
    assert.deepEqual([code, stderr.trim().split('\n').length], [1, 1], stderr);
  });
});
