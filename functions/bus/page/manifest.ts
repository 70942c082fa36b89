/** What makes the pages installable (W3C Web Application Manifest). */
import type { Visit } from './visit.ts';

export function webManifest({ say, lang, prefix }: Visit): Record<string, unknown> {
  return {
    id: `${prefix}/`,
    name: say('app'),
    short_name: say('app'),
    lang,
    dir: 'ltr',
    start_url: `${prefix}/`,
    scope: `${prefix}/`,
    display: 'standalone',
    background_color: '#fdfcfa',
    theme_color: '#a3320b',
    categories: ['travel', 'navigation'],
    icons: [
      { src: `${prefix}/icon.svg`, sizes: 'any', type: 'image/svg+xml' },
      { src: `${prefix}/icon-192.png`, sizes: '192x192', type: 'image/png' },
      { src: `${prefix}/icon-512.png`, sizes: '512x512', type: 'image/png' },
      { src: `${prefix}/icon-maskable.png`, sizes: '512x512', type: 'image/png', purpose: 'maskable' },
    ],
  };
}
