/** What a browser finds at the root: what can be asked, and how. It shows no data, so it asks nobody who they are. */
import { html } from 'hono/html';
import { page } from '#shared/http/page.ts';
import { EXAMPLE } from './example.ts';

export function startPage(prefix: string) {
  return page({
    title: 'Hawker slides',
    home: `${prefix}/`,
    navigation: html`<span>Slides images</span>`,
    body: html`<h1>Slides images</h1>
<p>Puts private images into Google Slides without making them public. For holders of an API key:</p>
<ul class="plain">
<li><code>POST ${prefix}/v1/presentations/{presentationId}/images</code><br><small>Images onto slides, instead of tags, or instead of other images; answered when they are there.</small></li>
<li><code>POST ${prefix}/v1/presentations/{presentationId}/jobs</code><br><small>The same, queued.</small></li>
<li><code>GET ${prefix}/v1/jobs/{id}</code><br><small>What has become of it, image by image.</small></li>
<li><code>GET ${prefix}/v1/jobs/{id}/fetches</code><br><small>Who fetched its images, and when.</small></li>
<li><code>POST ${prefix}/v1/jobs/{id}/undo</code><br><small>Takes it back.</small></li>
</ul>
<p>A body looks like this; with bytes beside it, it is the part <code>request</code> of multipart/form-data:</p>
<pre class="scroll" tabindex="0" role="region" aria-label="An example of a body"><code>${JSON.stringify(EXAMPLE, null, 2)}</code></pre>
<p>All of it is described in <a href="${prefix}/openapi.json">openapi.json</a>.</p>`,
  });
}
