/** The console's first page as a person keeps it open: a real browser, a real Hawker, and what happens in it. */
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { after, before, describe, it } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { expectSound, openBrowser, skip } from '../support/browser.ts';
import { ADMIN_KEY, type Hawker, startHawker, until } from '../support/hawker.ts';

const TRACES = 'https://traces.example/trace/';
/** Traces are recorded, though nobody takes them: nothing listens there, nor where buses would be known. */
const TRACED = {
  ...{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9', HAWKER_TRACE_URL: `${TRACES}{traceId}` },
  ...{ LTA_ACCOUNT_KEY: 'a-key-for-nobody', LTA_BASE_URL: 'http://127.0.0.1:9' },
};

/** Fails: LTA does not answer. */
const fail = (hawker: Hawker) => hawker.ask('/bus/v2/stops/83139/arrivals', { anonymous: true });

async function signIn(page: Page, hawker: Hawker): Promise<void> {
  await page.goto(`http://localhost:${hawker.port}/`);
  await page.getByLabel('API key').fill(ADMIN_KEY);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('heading', { name: 'Last minute' }).waitFor();
}

const live = (page: Page) => page.locator('#link[data-state=live]').waitFor({ timeout: 10_000 });

describe('the first page of the console', { skip, timeout: 180_000 }, () => {
  let browser: Browser;
  let hawker: Hawker;

  before(async () => {
    hawker = await startHawker({ env: TRACED });
    browser = await openBrowser();
  });
  after(async () => {
    await browser?.close();
    await hawker?.[Symbol.asyncDispose]();
  });

  for (const [width, colorScheme] of [
    [360, 'light'],
    [1280, 'dark'],
  ] as const)
    it(`shows a request, an error with its trace, and a migration as they happen, at ${width} px in ${colorScheme} colours`, async () => {
      const context = await browser.newContext({ viewport: { width, height: 800 }, colorScheme });
      const page = await context.newPage();
      const troubles: string[] = [];
      page.on('pageerror', ({ message }) => troubles.push(message));
      page.on('console', (message) => {
        if (message.type() === 'error') troubles.push(message.text());
      });
      await page.goto(`http://localhost:${hawker.port}/`);
      await expectSound(page, 'sign in');
      await signIn(page, hawker);
      await live(page);
      await page.evaluate('window.sameDocument = true');

      const path = width === 360 ? 'PUT' : 'DELETE';
      await hawker.ask(`/links/v1/domains/w${width}.localhost`, { method: path });
      await page.locator('#requests').getByText(`${path} /v1/domains/:host`).waitFor({ timeout: 10_000 });

      const failed = await fail(hawker);
      const requestId = String(failed.headers['x-request-id']);
      const failure = page.locator('#failures li', { hasText: requestId });
      await failure.waitFor({ timeout: 10_000 });
      assert.match(await failure.innerText(), /GET \/v2\/stops\/:code\/arrivals/);
      const link = failure.getByRole('link');
      const traceId = (await link.innerText()).replace('trace ', '');
      assert.match(traceId, /^[0-9a-f]{32}$/);
      assert.equal(await link.getAttribute('href'), `${TRACES}${traceId}`);

      await hawker.ask('/migrations/v1/targets/sample/runs', { method: 'POST', body: { command: 'up' } });
      await page.locator('#runs tbody tr', { hasText: 'done' }).first().waitFor({ timeout: 15_000 });
      await page.locator('#leases', { hasText: 'migrate.sample' }).waitFor({ timeout: 15_000 });
      await expectSound(page, `live at ${width} px`);
      assert.equal(await page.evaluate('window.sameDocument'), true, 'all of it without loading the page anew');
      const [when] = await page.locator('#requests time').all();
      assert.match((await when?.getAttribute('title')) ?? '', /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
      assert.deepEqual(troubles, []);
      await context.close();
    });

  it('is used with the keyboard: pauses and goes on, and takes the focus from nobody', async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    await signIn(page, hawker);
    await live(page);
    const focused = () => page.evaluate('document.activeElement.id || document.activeElement.dataset.key');

    await page.locator('body').press('Tab');
    await page.keyboard.press('Tab');
    assert.equal(await focused(), 'pause');
    await page.keyboard.press('Enter');
    assert.match(await page.locator('#link').innerText(), /^Paused at /);
    await hawker.ask('/leases/v1/pausedhere');
    const text = async () => (await hawker.ask('/console/v1/overview')).text;
    await until(text, (told) => told.includes('GET /v1/:name'));
    assert.doesNotMatch(await page.locator('#requests').innerText(), /GET \/v1\/:name/);
    await page.keyboard.press('Enter');
    await page.locator('#requests').getByText('GET /v1/:name').first().waitFor({ timeout: 10_000 });

    const failed = async () => {
      const requestId = String((await fail(hawker)).headers['x-request-id']);
      const failure = page.locator('#failures li', { hasText: requestId });
      await failure.waitFor({ timeout: 10_000 });
      return failure;
    };
    const link = (await failed()).getByRole('link');
    const key = await link.getAttribute('data-key');
    await link.focus();
    assert.match(await (await failed()).innerText(), /\d times/, 'it is the same failure once more');
    assert.equal(await focused(), key);
    await context.close();
  });

  it('lets its connection go while its tab is in the background, and comes back with all that happened', async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    await signIn(page, hawker);
    await live(page);
    // A browser without a screen has no background.
    const see = (hidden: boolean) =>
      page.evaluate(
        `Object.defineProperty(document, 'hidden', { configurable: true, value: ${hidden} }); document.dispatchEvent(new Event('visibilitychange'))`,
      );
    const closed = page.waitForEvent('requestfailed', (request) => request.url().endsWith('/console/v1/stream'));
    await see(true);
    await closed;
    const next = String((await fail(hawker)).headers['x-request-id']);
    await see(false);
    await page.locator('#failures li', { hasText: next }).waitFor({ timeout: 10_000 });
    await context.close();
  });

  it('works without scripts, by loading itself anew', async () => {
    const context = await browser.newContext({ javaScriptEnabled: false });
    const page = await context.newPage();
    await signIn(page, hawker);
    await hawker.ask('/leases/v1/nobodyhere');
    await page.reload();
    assert.match(await page.locator('#requests').innerText(), /GET \/v1\/:name/);
    assert.match(await page.locator('#link').innerText(), /every 10 s/);
    assert.equal(await page.locator('meta[http-equiv=refresh]').count(), 1);
    assert.equal(await page.locator('#pause').isVisible(), false);
    await context.close();
  });

  it('shares its sign-in with the pages of links, in both directions', async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    await signIn(page, hawker);
    await page.goto(`http://localhost:${hawker.port}/links/`);
    await page.getByRole('heading', { name: 'Domains' }).waitFor();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.goto(`http://localhost:${hawker.port}/`);
    await page.getByLabel('API key').waitFor();
    assert.equal(new URL(page.url()).search, '', 'a key is in no address');
    await context.close();
  });

  it('shows in one line that it is ready, and why it is not once its data folder is gone', async () => {
    await using own = await startHawker({ args: ['--only', 'leases'] });
    const context = await browser.newContext();
    const page = await context.newPage();
    await signIn(page, own);
    await live(page);
    assert.match(await page.locator('#readiness').innerText(), /^Ready: store, queue/);
    rmSync(own.data, { recursive: true });
    await page.locator('#link[data-state=unready]').waitFor({ timeout: 20_000 });
    assert.equal(await page.locator('#link').innerText(), 'Live, not ready');
    assert.match(
      await page.locator('#readiness').innerText(),
      /Not ready[\s\S]*store[\s\S]*the data folder was removed/,
    );
    await expectSound(page, 'not ready');
    const still = await own.ask('/', { headers: { Cookie: `hawker-session=${ADMIN_KEY}` } });
    assert.match(still.text, /data-state="unready">Not ready/, 'without scripts too');
    await context.close();
  });

  it('says truthfully since when it hears nothing, and holds up no drain', async () => {
    await using own = await startHawker({ args: ['--only', 'leases'] });
    const context = await browser.newContext();
    const page = await context.newPage();
    await signIn(page, own);
    await live(page);
    assert.equal(await own.stop(), 0);
    await page.locator('#link[data-state=lost]').waitFor({ timeout: 10_000 });
    assert.match(await page.locator('#link').innerText(), /^Not connected since \d/);
    assert.equal(await page.locator('#live[data-stale]').count(), 1, 'nothing there looks as if it were so now');
    await context.close();
  });
});

describe('what happens here is told', { timeout: 60_000 }, () => {
  let hawker: Hawker;
  before(async () => {
    hawker = await startHawker({ args: ['--only', 'links'] });
  });
  after(() => hawker?.[Symbol.asyncDispose]());

  const form = { 'Content-Type': 'application/x-www-form-urlencoded' };
  const keyOf = async (body: object) => {
    const made = await hawker.ask('/links/v1/keys', { method: 'POST', body });
    return made.json<{ key: string }>().key;
  };

  it('to viewers, and to nobody without a key or with one for a single domain', async () => {
    const viewer = await keyOf({ name: 'looks', role: 'viewer' });
    const bound = await keyOf({ name: 'one domain', role: 'admin', host: 'go.localhost' });
    for (const path of ['/console/v1/overview', '/console/v1/stream']) {
      const ask = async (key: string) =>
        (await hawker.ask(path, { anonymous: true, headers: { Authorization: `Bearer ${key}` } })).status;
      assert.equal((await hawker.ask(path, { anonymous: true })).status, 401, path);
      assert.equal(await ask('hwk_nosuchkey000_x'), 401, path);
      assert.equal(await ask(bound), 403, path);
    }
    const told = await hawker.ask('/console/v1/overview', {
      anonymous: true,
      headers: { Cookie: `hawker-session=${viewer}` },
    });
    assert.equal(told.status, 200);
    assert.equal(told.headers['cache-control'], 'no-store');
    const anonymous = await hawker.ask('/', { anonymous: true });
    assert.match(anonymous.text, /Sign in/);
    assert.doesNotMatch(anonymous.text, /Last minute/);
    const refused = await hawker.ask('/', { anonymous: true, headers: { Cookie: `hawker-session=${bound}` } });
    assert.deepEqual([refused.status, /go\.localhost alone/.test(refused.text)], [403, true]);
    assert.equal(refused.headers['set-cookie'], undefined, 'links goes on to take it');
    const gone = await hawker.ask('/', { anonymous: true, headers: { Cookie: 'hawker-session=hwk_ended' } });
    assert.deepEqual([gone.status, /hawker-session=; Max-Age=0/.test(String(gone.headers['set-cookie']))], [401, true]);
  });

  it('to whoever signs in here, and to no form of another site', async () => {
    const post = (key: string, headers: Record<string, string> = {}) =>
      hawker.ask('/console/sign-in', {
        ...{ method: 'POST', anonymous: true, headers: { ...form, ...headers } },
        body: String(new URLSearchParams({ key })),
      });
    for (const key of ['', 'no such', 'hwk_none']) assert.equal((await post(key)).status, 401, key);
    assert.equal((await post('x'.repeat(10_000))).status, 413);
    assert.equal((await post(ADMIN_KEY, { Origin: 'https://evil.example' })).status, 403);
    const signedIn = await post(ADMIN_KEY);
    assert.deepEqual([signedIn.status, signedIn.headers['location']], [303, '/']);
    assert.match(String(signedIn.headers['set-cookie']), /HttpOnly; SameSite=Strict/);
  });

  it('with a script of its own that is small and kept for good, under a policy that allows no other', async () => {
    const page = await hawker.ask('/', { anonymous: true, headers: { Cookie: `hawker-session=${ADMIN_KEY}` } });
    assert.match(String(page.headers['content-security-policy']), /script-src 'self';/);
    assert.match(String(page.headers['content-security-policy']), /default-src 'none'/);
    const [, address = ''] = /<script type="module" src="([^"]+)">/.exec(page.text) ?? [];
    const script = await hawker.ask(address, { anonymous: true });
    assert.equal(script.status, 200);
    assert.match(String(script.headers['cache-control']), /immutable/);
    const imported = await hawker.ask(address.replace('console.js', 'relative-time.js'), { anonymous: true });
    assert.ok(script.text.length + imported.text.length < 10_000);
    assert.equal((await hawker.ask('/console/assets/old/console.js', { anonymous: true })).status, 404);
    assert.equal((await hawker.ask(address.replace('console.js', 'tsconfig.json'), { anonymous: true })).status, 404);
  });

  it('until the process ends: a stream ends with the drain, at once', async () => {
    const stream = await new Promise<IncomingMessage>((resolve, reject) => {
      const headers = { Authorization: `Bearer ${ADMIN_KEY}`, Host: `localhost:${hawker.port}` };
      const request = httpRequest({ host: '127.0.0.1', port: hawker.port, path: '/console/v1/stream', headers });
      request.on('response', resolve).on('error', reject).end();
    });
    assert.equal(stream.headers['content-type'], 'text/event-stream');
    const ended = new Promise<string>((resolve, reject) => {
      let text = '';
      stream.on('data', (chunk: Buffer) => {
        text += chunk.toString();
      });
      stream.on('end', () => resolve(text)).on('error', reject);
    });
    assert.equal(await hawker.stop(), 0);
    assert.match(await ended, /^retry: 3000\n\nevent: panels\ndata: \{/);
  });
});
