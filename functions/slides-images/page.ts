/** What a browser finds at the root. There is nothing to see: images are behind addresses that nobody can guess. */
import { html } from 'hono/html';
import { page } from '#shared/http/page.ts';

export function startPage(prefix: string) {
  return page({
    title: 'Hawker images for Slides',
    home: `${prefix}/`,
    navigation: html`<span>Images for Slides</span>`,
    body: html`<h1>Images for Slides</h1>
<p>Google Slides fetches images from here while they are put into a presentation. Each has an address of its own that is signed, good for a few
fetches within minutes, and dead as soon as the image is in its place. Nothing is listed.</p>
<p>All of it is described in <a href="${prefix}/openapi.json">openapi.json</a>.</p>`,
  });
}
