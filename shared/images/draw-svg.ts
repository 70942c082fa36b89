/**
 * Draws an SVG as a PNG. An SVG is a program: a few hundred characters can ask for gigabytes and hours, in too many ways to list, and a renderer that is under way cannot be
 * stopped. So it runs in a process of its own, which has no settings and no secrets, and ends when it takes more than it may.
 *
 * The renderer (librsvg) runs no scripts and follows no reference out of the file, neither to the network nor to the disk. Text is drawn in the fonts of the system.
 */
import { AppError } from '../errors.ts';
import { ImageFault } from './fault.ts';
import { MOST_PIXELS } from './image.ts';
import { MOST_INPUT_PIXELS, tooLarge } from './sharp-input.ts';

export interface DrawnSvg {
  png: Uint8Array;
  /** As it says itself, in pixels of which an inch has 96. */
  width: number;
  height: number;
}

/** Of the longer side: enough for a slide on a large screen. */
const USEFUL_SIDE = 2_000;
/** A chart takes less than a second. */
const MOST_MS = 10_000;
/** In pixels: a ratio read from so many is off by less than one in the size that is drawn. */
const PRECISE_SIDE = 20_000;
/** The most that sharp takes. */
const MOST_DENSITY = 100_000;
const MOST_RESIDENT_BYTES = 450_000_000;
const MOST_OUTPUT_BYTES = 130_000_000;

const TOO_LARGE = 3;
const BROKEN = 4;

/**
 * What runs there: reads the SVG, writes its width and height as it says itself, 4 bytes each, and the PNG. A text, since it must not need a file beside this one: a built function
 * has none. The renderer works on another thread, so the timers go off in time; an orderly end would wait for it.
 *
 * The density says how many pixels an inch has, and enlarges everything besides: at twice the density pt, in and mm become four times as large, px and em twice, and the two no longer
 * fit together. So an SVG is drawn at the 96 of CSS, where 3/4 of a pixel are one of its own, and is enlarged by the size asked for alone, which the renderer draws it at. Sizes are
 * told in whole pixels, which of a small SVG says little about its ratio; that one is read at a higher density, where it agrees with what was told at 96.
 */
const program = (mostMs: number) => `(async () => {
  const die = () => process.kill(process.pid, 'SIGKILL');
  setTimeout(die, ${mostMs}).unref();
  setInterval(() => process.memoryUsage.rss() > ${MOST_RESIDENT_BYTES} && die(), 10).unref();
  const { default: sharp } = await import(process.argv[1]);
  sharp.cache(false);
  sharp.concurrency(1);
  try {
    const svg = Buffer.concat(await Array.fromAsync(process.stdin));
    const input = { density: 96, limitInputPixels: ${Math.ceil((MOST_INPUT_PIXELS * 16) / 9)} };
    const told = await sharp(svg, input).metadata();
    const longer = Math.max(told.width, told.height);
    let ratio = told.width / told.height;
    const least = (told.width - 0.5) / (told.height + 0.5);
    const most = (told.width + 0.5) / (told.height - 0.5);
    if (longer < ${PRECISE_SIDE}) {
      const density = Math.min(${MOST_DENSITY}, (96 * ${PRECISE_SIDE}) / longer);
      const precise = await sharp(svg, { density, limitInputPixels: false }).metadata().catch(() => told);
      const found = precise.width / precise.height;
      if (found >= least && found <= most) ratio = found;
    }
    const sized = (side, whole) => [ratio, 1 / ratio].map((part) => Math.max(1, whole(side * Math.min(1, part))));
    let [width, height] = sized(Math.max(${USEFUL_SIDE}, Math.round(0.75 * longer)), Math.round);
    if (width * height > ${MOST_PIXELS}) [width, height] = sized(Math.sqrt(${MOST_PIXELS} * Math.max(ratio, 1 / ratio)), Math.floor);
    const png = await sharp(svg, input).resize({ width, height, fit: 'fill' }).png().toBuffer();
    const size = Buffer.alloc(8);
    size.writeUInt32BE(Math.max(1, Math.round(0.75 * told.width)), 0);
    size.writeUInt32BE(Math.max(1, Math.round(0.75 * told.height)), 4);
    process.stdout.write(Buffer.concat([size, png]));
  } catch (error) {
    process.exitCode = String(error).includes('pixel limit') ? ${TOO_LARGE} : ${BROKEN};
  }
})()`;

/** `mostMs`: how long it may be drawn, in milliseconds. Throws ImageFault, `unavailable` where no process can be started, and the signal's reason. */
export async function drawSvg(bytes: Uint8Array, signal: AbortSignal, mostMs = MOST_MS): Promise<DrawnSvg> {
  const { sharpUrl } = await import('./sharp-client.ts');
  const { spawn } = process.getBuiltinModule('node:child_process');
  signal.throwIfAborted();
  const child = spawn(process.execPath, ['--input-type=commonjs', '--eval', program(mostMs), '--', sharpUrl], {
    env: {},
    stdio: ['pipe', 'pipe', 'ignore'],
    killSignal: 'SIGKILL',
    // Should its own watch have failed.
    timeout: mostMs + 5_000,
    signal,
  });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  // What went wrong is told by how it ended; it may end before it has read everything.
  child.on('error', () => {});
  child.stdin.on('error', () => {}).end(bytes);
  const output: Buffer[] = [];
  let length = 0;
  child.stdout
    .on('error', () => {})
    .on('data', (piece: Buffer) => {
      length += piece.length;
      if (length > MOST_OUTPUT_BYTES) child.kill('SIGKILL');
      else output.push(piece);
    });
  const code = await ended;
  signal.throwIfAborted();
  if (code === null || code === TOO_LARGE)
    throw tooLarge('has more pixels, or takes more memory or time to draw, than can be worked on');
  if (code < 0) throw new AppError('unavailable', 'No process could be started to draw an SVG');
  if (code !== 0) throw new ImageFault('broken_image', 'The SVG is damaged, cut off, or without a size');
  const all = Buffer.concat(output);
  return { width: all.readUInt32BE(0), height: all.readUInt32BE(4), png: all.subarray(8) };
}
