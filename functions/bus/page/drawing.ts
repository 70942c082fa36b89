/** The sign of the page: a bus from the front. One drawing, as SVG for browsers and as PNG for those that install it and take nothing else. */
import { crc32, deflateSync } from 'node:zlib';

/** On a square of 100 by 100. `r`: the radius of the corners. */
interface Shape {
  x: number;
  y: number;
  w: number;
  h: number;
  r: number;
  fill: string;
}

const GROUND = '#a3320b';
const LIGHT = '#fff8f0';
const DARK = '#3a1204';

const BUS: readonly Shape[] = [
  { x: 27, y: 74, w: 10, h: 9, r: 3, fill: DARK },
  { x: 63, y: 74, w: 10, h: 9, r: 3, fill: DARK },
  { x: 16, y: 36, w: 6, h: 15, r: 3, fill: LIGHT },
  { x: 78, y: 36, w: 6, h: 15, r: 3, fill: LIGHT },
  { x: 24, y: 18, w: 52, h: 60, r: 9, fill: LIGHT },
  { x: 34, y: 23, w: 32, h: 6, r: 3, fill: GROUND },
  { x: 30, y: 33, w: 40, h: 24, r: 4, fill: DARK },
  { x: 31, y: 63, w: 9, h: 9, r: 4.5, fill: GROUND },
  { x: 60, y: 63, w: 9, h: 9, r: 4.5, fill: GROUND },
];

export function iconSvg(): string {
  const shapes = [{ x: 0, y: 0, w: 100, h: 100, r: 22, fill: GROUND }, ...BUS].map(
    ({ x, y, w, h, r, fill }) => `<rect x="${x}" y="${y}" width="${w}" height="${h}" rx="${r}" fill="${fill}"/>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100">${shapes.join('')}</svg>`;
}

/** In the page itself, which saves a request. */
export const ICON_ADDRESS = `data:image/svg+xml,${iconSvg().replaceAll(/[<>#"]/g, encodeURIComponent)}`;

/** Samples along each side of a pixel. */
const FINE = 3;

/** `maskable`: the ground fills the square, and the bus stays within the circle that every mask leaves (W3C Manifest, "safe zone"). */
export function iconPng(size: number, maskable: boolean): Uint8Array<ArrayBuffer> {
  const scale = maskable ? 0.8 : 1;
  const shapes = [{ x: 0, y: 0, w: 100, h: 100, r: maskable ? 0 : 22, fill: GROUND }, ...BUS.map(shrunk)].map(
    (shape) => ({ ...shape, rgb: [1, 3, 5].map((at) => Number.parseInt(shape.fill.slice(at, at + 2), 16)) }),
  );
  function shrunk(shape: Shape): Shape {
    const to = (value: number) => 50 + (value - 50) * scale;
    return { ...shape, x: to(shape.x), y: to(shape.y), w: shape.w * scale, h: shape.h * scale, r: shape.r * scale };
  }
  const rows = new Uint8Array((size * 4 + 1) * size);
  for (let row = 0; row < size; row++)
    for (let column = 0; column < size; column++) {
      const sum = [0, 0, 0, 0];
      for (let sample = 0; sample < FINE * FINE; sample++) {
        const x = ((column + ((sample % FINE) + 0.5) / FINE) / size) * 100;
        const y = ((row + (Math.floor(sample / FINE) + 0.5) / FINE) / size) * 100;
        const top = shapes.findLast((shape) => covers(shape, x, y));
        if (!top) continue;
        for (let channel = 0; channel < 3; channel++) sum[channel] = (sum[channel] ?? 0) + (top.rgb[channel] ?? 0);
        sum[3] = (sum[3] ?? 0) + 1;
      }
      const covered = sum[3] ?? 0;
      const at = row * (size * 4 + 1) + 1 + column * 4;
      for (let channel = 0; channel < 3; channel++) rows[at + channel] = covered ? (sum[channel] ?? 0) / covered : 0;
      rows[at + 3] = (covered / (FINE * FINE)) * 255;
    }
  return pngOf(size, rows);
}

function covers({ x, y, w, h, r }: Shape, px: number, py: number): boolean {
  // How far outside of the rectangle that the corners' middles make.
  const dx = Math.max(x + r - px, px - (x + w - r), 0);
  const dy = Math.max(y + r - py, py - (y + h - r), 0);
  return r === 0 ? px >= x && px <= x + w && py >= y && py <= y + h : dx * dx + dy * dy <= r * r;
}

/** RGBA, eight bits each, each row with a filter byte of 0 before it (PNG specification, sections 5 and 11). */
function pngOf(size: number, rows: Uint8Array): Uint8Array<ArrayBuffer> {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(size, 0);
  header.writeUInt32BE(size, 4);
  header.set([8, 6, 0, 0, 0], 8);
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  const parts = [signature, chunk('IHDR', header), chunk('IDAT', deflateSync(rows)), chunk('IEND', Buffer.alloc(0))];
  return new Uint8Array(Buffer.concat(parts));
}

function chunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  const check = Buffer.alloc(4);
  check.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, check]);
}
