/** A migration of 100,000 documents on Firestore's emulator whose process is killed ten times: each document is changed exactly once all the same. */
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { inProcess, startFirestore } from '#shared/migrations/firestore/rig.ts';
import { startEmulators } from '../emulators.ts';
import type { Figure, Workplace } from './part.ts';

/** The emulator looks through the whole collection for each page, which Firestore does not. */
const DOCUMENTS = 100_000;
const BATCH = 400;
const KILLS = 10;
/** Of pages between two of them. */
const PAGES = Math.floor(DOCUMENTS / BATCH / (KILLS + 1));

export async function firestoreBackfill({ say }: Workplace): Promise<Figure[]> {
  const emulators = await startEmulators(process.env, ['FIRESTORE_EMULATOR_HOST']);
  const emulator = emulators.env['FIRESTORE_EMULATOR_HOST'] ?? process.env['FIRESTORE_EMULATOR_HOST'];
  if (emulator === undefined) {
    const [missing] = emulators.missing;
    say(`left out: ${missing?.what} is missing (${missing?.why})`);
    return [];
  }
  const database = await startFirestore(emulator);
  try {
    say(`${DOCUMENTS} documents are written`);
    await database.fill('stalls', DOCUMENTS, (index) => ({ n: 0, name: `Stall ${index}`, open: index % 2 === 0 }));
    const began = performance.now();
    let [kills, peakKib, token] = [0, 0, 0];
    for (let isDone = false; !isDone; ) {
      const child = inProcess(database.project, emulator, worker(++token));
      if (!child.stdout) throw new Error('the process has no output');
      let pages = 0;
      for await (const line of createInterface(child.stdout)) {
        if (line === 'done') isDone = true;
        else peakKib = Math.max(peakKib, Number(line));
        if (kills >= KILLS || ++pages !== PAGES) continue;
        // Another moment of the next page each time.
        await sleep(kills * 7);
        child.kill('SIGKILL');
        kills++;
        say(`killed ${kills} times`);
      }
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
      if (!isDone && child.signalCode !== 'SIGKILL') throw new Error('the process failed');
    }
    const ms = performance.now() - began;
    const [changed, all] = await Promise.all([
      database.db.collection('stalls').where('n', '==', 1).count().get(),
      database.db.collection('stalls').count().get(),
    ]);
    const right = changed.data().count;
    if (right !== DOCUMENTS || all.data().count !== DOCUMENTS || kills !== KILLS)
      throw new Error(`${right} of ${all.data().count} were changed once, with ${kills} kills`);
    return [
      {
        what: `Firestore migration of ${DOCUMENTS} documents, its process killed ${kills} times (emulator)`,
        measured: `${right} changed exactly once in ${(ms / 1_000).toFixed(1)} s: ${Math.round((DOCUMENTS * 1_000) / ms)} a second, starts included`,
      },
      { what: 'its peak memory', measured: `${Math.round(peakKib / 1_024)} MiB` },
    ];
  } finally {
    await database.close();
    emulators.stop();
  }
}

const worker = (token: number) => `
  await session.prepare();
  await session.raiseFence(${token});
  const { up } = documents(1n, { up: COUNT_UP('stalls', 'batch: ${BATCH}, perSecond: 10_000') });
  await session.apply(up, { ...given({ token: ${token}, signal: AbortSignal.timeout(95_000) }),
    onPage: async () => void say(String(process.resourceUsage().maxRSS)) });
  say('done');
  await session[Symbol.asyncDispose]();`;
