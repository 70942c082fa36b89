/** The one place that loads sharp; reached by `await import()`. Nothing of one image is kept for the next, and one image keeps one core busy. */
import sharp from 'sharp';

sharp.cache(false);
sharp.concurrency(1);

/** By libvips' names. It looks itself what bytes are, and must never find an SVG: those are drawn in a process of their own. */
const LOADERS = ['Png', 'Jpeg', 'Nsgif', 'Webp', 'Tiff', 'Heif'];
sharp.block({ operation: ['VipsForeignLoad'] });
sharp.unblock({ operation: LOADERS.map((name) => `VipsForeignLoad${name}`) });

/** For another process. */
const sharpUrl = import.meta.resolve('sharp');

export { sharp, sharpUrl };
