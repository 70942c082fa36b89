/** What a browser finds at the root: what can be asked, and how. It shows no data, so it asks nobody who they are. */
import { html } from 'hono/html';
import { page } from '#shared/http/page.ts';
import { EXAMPLE } from './example.ts';

export function startPage(prefix: string) {
  return page({
    title: 'Hawker migrations',
    home: `${prefix}/`,
    navigation: html`<span>Migrations</span>`,
    body: html`<h1>Migrations</h1>
<p>Versioned database migrations, from golang-migrate’s files, by one runner at a time. For holders of an API key:</p>
<ul class="plain">
<li><code>GET ${prefix}/v1/targets</code><br><small>The databases, and how far each is.</small></li>
<li><code>GET ${prefix}/v1/targets/{name}</code><br><small>One of them: its version, what is pending, where files and database differ, who is at work.</small></li>
<li><code>GET ${prefix}/v1/targets/{name}/plan?command=up</code><br><small>What a command would do.</small></li>
<li><code>POST ${prefix}/v1/targets/{name}/runs</code><br><small>Does it.</small></li>
<li><code>GET ${prefix}/v1/targets/{name}/runs</code><br><small>What was asked for, the newest first.</small></li>
<li><code>GET ${prefix}/v1/runs/{id}</code><br><small>How far a run is.</small></li>
<li><code>POST ${prefix}/v1/runs/{id}/cancel</code><br><small>Stops it between two steps.</small></li>
<li><code>POST ${prefix}/v1/runs/{id}/pause</code>, <code>/resume</code><br><small>Stops it so that it can go on.</small></li>
<li><code>GET ${prefix}/v1/targets/{name}/verify</code><br><small>Whether files, history and version agree.</small></li>
<li><code>POST ${prefix}/v1/targets/{name}/lint</code>, <code>/rehearse</code><br><small>What is dangerous in the files; all of them up, down and up again on an empty database.</small></li>
<li><code>POST ${prefix}/v1/targets/{name}/unlock</code><br><small>Takes the lease away from a runner that is gone.</small></li>
<li><code>POST ${prefix}/v1/rollouts</code><br><small>One command for many databases, wave after wave.</small></li>
<li><code>GET ${prefix}/v1/fleet</code><br><small>Which database is at which version, and whether those that should be alike are.</small></li>
<li><code>GET ${prefix}/v1/targets/{name}/history</code><br><small>What took effect, the newest first.</small></li>
</ul>
<p>The body of a run looks like this:</p>
<pre class="scroll" tabindex="0" role="region" aria-label="An example of a body"><code>${JSON.stringify(EXAMPLE, null, 2)}</code></pre>
<p>All of it is described in <a href="${prefix}/openapi.json">openapi.json</a>. On this machine <code>npm run migrate</code> does the same without a key.</p>`,
  });
}
