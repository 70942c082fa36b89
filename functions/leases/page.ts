/** What a browser finds at the root: where the data is. It shows none, so it asks nobody who they are. */
import { html } from 'hono/html';
import { page } from '#shared/http/page.ts';

export function startPage(prefix: string) {
  return page({
    title: 'Hawker leases',
    home: `${prefix}/`,
    navigation: html`<span>Leases</span>`,
    body: html`<h1>Leases</h1>
<p>Who leads, since when and why, is answered as JSON to holders of an API key:</p>
<ul class="plain">
<li><code>GET ${prefix}/v1</code><br><small>All leases.</small></li>
<li><code>GET ${prefix}/v1/{name}</code><br><small>One lease, and what this process knows of it.</small></li>
<li><code>GET ${prefix}/v1/{name}/history</code><br><small>Its terms, the newest first.</small></li>
<li><code>POST ${prefix}/v1/{name}/break</code> with <code>{"reason": "..."}</code><br><small>Takes it away from its holder.</small></li>
</ul>
<p>All of it is described in <a href="${prefix}/openapi.json">openapi.json</a>. On this machine <code>npm run lease</code> does the same without a key.</p>`,
  });
}
