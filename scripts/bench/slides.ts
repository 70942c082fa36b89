/** Images into one deck of a Google on loopback, through the built functions: what is written, how long it takes, and how much memory at the most. */
import { readFile } from 'node:fs/promises';
import sharp from 'sharp';
import { type FakeGoogle, startFakeGoogle } from '#shared/testing/google/start.ts';
import { freePort } from '../loopback.ts';
import { type Figure, median, type Workplace } from './part.ts';
import { BUILT_SLIDES, BUILT_SLIDES_IMAGES, startServer } from './servers.ts';

const KEY = 'bench-admin-key-0123456789';
const AUTH = { Authorization: `Bearer ${KEY}` };
const ROUNDS = 5;
const IMAGES = 20;
/** Milliseconds for one request; the built function bounds itself at less. */
const REQUEST_MS = 120_000;

export async function slides({ folder, say }: Workplace): Promise<Figure[]> {
  await using google = await startFakeGoogle();
  const port = await freePort();
  const settings = { ...google.env, HAWKER_ADMIN_KEY: KEY, HAWKER_PUBLIC_URL: `http://127.0.0.1:${port}` };
  await using _images = await startServer(BUILT_SLIDES_IMAGES, folder, {
    path: '/nothing',
    status: 404,
    settings,
    port,
  });

  /** In a process of its own, so that the most memory it ever had is that of this work. */
  async function measure(photos: readonly Buffer[], rounds: number) {
    const server = await startServer(BUILT_SLIDES, folder, {
      path: '/v1/jobs/none',
      status: 404,
      settings,
      headers: AUTH,
    });
    await using _stopped = server;
    const times: number[] = [];
    let writes = 0;
    for (let round = 0; round < rounds; round++) {
      const id = google.slides.addDeck();
      const before = writesOf(google);
      const started = performance.now();
      const answer = await fetch(`http://127.0.0.1:${server.port}/v1/presentations/${id}/images`, {
        method: 'POST',
        headers: AUTH,
        body: formOf(photos),
        signal: AbortSignal.timeout(REQUEST_MS),
      });
      if (answer.status !== 200) throw new Error(`slides answered ${answer.status}: ${await answer.text()}`);
      await answer.arrayBuffer();
      times.push(performance.now() - started);
      writes = writesOf(google) - before;
    }
    return { ms: median(times), slowest: Math.max(...times), writes, mib: await mostMemory(server.pid) };
  }

  const photo = await picture(1_600, 1_200);
  say(`${IMAGES} photos of ${Math.round(photo.byteLength / 1024)} KiB`);
  const many = await measure(Array(IMAGES).fill(photo), ROUNDS);
  const large = await picture(8_000, 6_000);
  say(`a photo of 48 megapixels, ${(large.byteLength / 1e6).toFixed(1)} MB`);
  const one = await measure([large], 2);
  return [
    { what: `${IMAGES} images into one deck: Slides writes`, measured: `${many.writes}`, budget: '1' },
    {
      what: `${IMAGES} photos of ${Math.round(photo.byteLength / 1024)} KiB with EXIF into one deck, median and slowest; most memory of the built \`slides\``,
      measured: `${seconds(many.ms)}, ${seconds(many.slowest)}; ${many.mib} MiB`,
    },
    {
      what: `a photo of 48 megapixels (${(large.byteLength / 1e6).toFixed(0)} MB), turned and made smaller; most memory of the built \`slides\``,
      measured: `${seconds(one.slowest)}; ${one.mib} MiB`,
    },
  ];
}

/** Batches that were sent, applied or not. */
const writesOf = (google: FakeGoogle) => google.requestsTo(/:batchUpdate$/).length;

const seconds = (ms: number) => `${(ms / 1000).toFixed(2)} s`;

function formOf(photos: readonly Buffer[]): FormData {
  const form = new FormData();
  const grid = { columns: 5, rows: 4 };
  const images = photos.map((_, index) => ({
    source: { part: `photo-${index}` },
    page: 1,
    altText: `Photo ${index}`,
    ...(photos.length > 1 && { place: { grid } }),
  }));
  form.set('request', JSON.stringify({ images }));
  for (const [index, photo] of photos.entries())
    form.set(`photo-${index}`, new globalThis.Blob([new Uint8Array(photo)]));
  return form;
}

/** A photo as a camera leaves it, on its side: noise over a gradient, which neither compresses away nor is pure noise. */
async function picture(width: number, height: number): Promise<Buffer> {
  const noise = { type: 'gaussian', mean: 128, sigma: 12 } as const;
  return sharp({ create: { width, height, channels: 3, background: '#456', noise } })
    .jpeg({ quality: 90 })
    .withMetadata({ orientation: 6 })
    .toBuffer();
}

/** MiB; what Linux calls the high water mark. */
async function mostMemory(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Math.round(Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) / 1024);
}
