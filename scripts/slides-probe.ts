/**
 * `npm run slides-probe -- --presentation <id>`: asks the real Slides what its documents leave open, such as how it fetches an image, and prints what it did. It works on one slide of a
 * deck that is for trying things, and takes away what it put there.
 *
 * Exit codes: 0; 1 where something stood in the way; 2 where it was called wrongly.
 */
import { systemClock } from '#shared/clock.ts';
import { openGoogle } from '#shared/google/index.ts';
import { systemIds } from '#shared/ids.ts';
import { oneLine } from './command/print.ts';
import { runCommand } from './command/run-command.ts';
import { UsageError } from './command/usage.ts';
import { openWorkplace } from './command/workplace.ts';
import { EXPERIMENTS } from './slides-probe/experiments.ts';
import { servePictures } from './slides-probe/pictures.ts';
import { openScratch } from './slides-probe/scratch.ts';
import { readProbe } from './slides-probe/usage.ts';

/** Each experiment ends within this, in milliseconds. */
const EXPERIMENT_MS = 180_000;

await runCommand('slides-probe', async (args) => {
  const { presentation, page, only, json } = readProbe(args, Object.keys(EXPERIMENTS));
  const { config, log } = openWorkplace('slides-probe', 'made');
  if (config.HAWKER_PUBLIC_URL === undefined)
    throw new UsageError(
      'set HAWKER_PUBLIC_URL to an https address that leads to this machine at PORT, such as a tunnel',
    );
  const { slides } = openGoogle(config, { clock: systemClock, ids: systemIds, log }).as({ type: 'own' });
  await using pictures = await servePictures(config.HAWKER_PUBLIC_URL, config.HAWKER_HOST ?? '127.0.0.1', config.PORT);
  const scratch = await openScratch(slides, presentation, page, AbortSignal.timeout(EXPERIMENT_MS));
  let failed = 0;
  for (const [name, { question, run }] of Object.entries(EXPERIMENTS)) {
    if (only.length > 0 && !only.includes(name)) continue;
    const signal = AbortSignal.timeout(EXPERIMENT_MS);
    const seen = await run({ scratch, pictures, signal }).catch((error: unknown) => {
      failed++;
      return { failed: oneLine(String(error)) };
    });
    await scratch.clear(AbortSignal.timeout(EXPERIMENT_MS));
    process.stdout.write(
      json ? `${JSON.stringify({ experiment: name, question, ...seen })}\n` : `${question}\n${indented(seen)}\n`,
    );
  }
  return failed > 0 ? 1 : 0;
});

function indented(seen: object): string {
  return Object.entries(seen)
    .map(([name, value]) => `  ${name}: ${oneLine(typeof value === 'string' ? value : JSON.stringify(value))}`)
    .join('\n');
}
