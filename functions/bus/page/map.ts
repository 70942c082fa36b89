/** A map of nine raster tiles around a stop, without a library: images in a grid, and markers in an SVG above them. Only where the settings name tiles. */
import { html } from 'hono/html';
import type { Board } from '#shared/bus/board.ts';
import type { Html } from './frame.ts';
import type { Visit } from './visit.ts';

const ZOOM = 16;
const TILE = 256;
const AROUND = [-1, 0, 1];

export function tileMap({ say, config }: Visit, { stop, services }: Board): Html | Promise<Html> | undefined {
  const template = config.HAWKER_BUS_MAP_TILES;
  if (template === undefined || !stop.position) return undefined;
  const centre = onMap(stop.position);
  const [left, top] = [Math.floor(centre.x) - 1, Math.floor(centre.y) - 1];
  const tiles = AROUND.flatMap((dy) =>
    AROUND.map((dx) => {
      const place = { z: ZOOM, x: left + 1 + dx, y: top + 1 + dy };
      const src = template.replaceAll(/\{([zxy])\}/g, (_, name: 'z' | 'x' | 'y') => String(place[name]));
      return html`<img src="${src}" width="${TILE}" height="${TILE}" alt="" loading="lazy" referrerpolicy="strict-origin-when-cross-origin">`;
    }),
  );
  const at = (position: { lat: number; lon: number }) => {
    const { x, y } = onMap(position);
    return { x: Math.round((x - left) * TILE), y: Math.round((y - top) * TILE) };
  };
  const buses = services.flatMap(({ service, buses: coming }) =>
    coming.flatMap(({ position }) => {
      if (!position) return [];
      const { x, y } = at(position);
      if (Math.min(x, y) < 0 || Math.max(x, y) > 3 * TILE) return [];
      return html`<circle cx="${x}" cy="${y}" r="11" fill="#1a6b33" stroke="#fff" stroke-width="3"><title>${say('map_bus', { service })}</title></circle><text x="${x + 15}" y="${y + 7}">${service}</text>`;
    }),
  );
  const here = at(stop.position);
  return html`<details class="map" id="map"><summary>${say('map')}</summary><div class="pane"><div class="tiles">${tiles}</div><svg viewBox="0 0 ${3 * TILE} ${3 * TILE}" role="img" aria-label="${say('map_stop')}: ${stop.name ?? stop.code}"><rect x="${here.x - 10}" y="${here.y - 10}" width="20" height="20" rx="4" fill="#a3320b" stroke="#fff" stroke-width="3"/>${buses}</svg></div><p><small>${credit(say, new URL(template.replaceAll(/[{}]/g, '')))}</small></p></details>`;
}

/** Where the tiles are from, as those who make them ask for it to be said. */
function credit(say: Visit['say'], { hostname, origin }: URL): Html | Promise<Html> {
  if (hostname === 'www.onemap.gov.sg')
    return html`<img src="${origin}/web-assets/images/logo/om_logo.png" width="20" height="20" alt="" loading="lazy"> <a href="${origin}/">OneMap</a> © contributors | <a href="https://www.sla.gov.sg/">Singapore Land Authority</a>`;
  if (/(?:^|\.)openstreetmap\.org$/.test(hostname))
    return html`© <a href="https://www.openstreetmap.org/copyright">OpenStreetMap</a> contributors`;
  const [before = '', after = ''] = say('map_from').split('{place}');
  return html`${before}<a href="${origin}/">${hostname}</a>${after}`;
}

/** For Content-Security-Policy. */
export function tileOrigin({ config }: Visit): string[] {
  const template = config.HAWKER_BUS_MAP_TILES;
  return template === undefined ? [] : [new URL(template.replaceAll(/[{}]/g, '')).origin];
}

/** Where a position is among the tiles, counted in tiles (Web Mercator). */
function onMap({ lat, lon }: { lat: number; lon: number }): { x: number; y: number } {
  const tiles = 2 ** ZOOM;
  const radian = (lat * Math.PI) / 180;
  return {
    x: ((lon + 180) / 360) * tiles,
    y: ((1 - Math.log(Math.tan(radian) + 1 / Math.cos(radian)) / Math.PI) / 2) * tiles,
  };
}
