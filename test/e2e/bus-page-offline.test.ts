/** The bus page without a connection, installed, and told by push: what its service worker does. */
import assert from 'node:assert/strict';
import { createECDH, randomBytes } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { expectSound, openBrowser, skip } from '../support/browser.ts';
import { BUSY, type BusPage, QUIET, startBusPage } from './bus-page-rig.ts';

describe('the bus page offline', { skip, timeout: 120_000 }, () => {
  let browser: Browser;
  let bus: BusPage;

  before(async () => {
    bus = await startBusPage();
    browser = await openBrowser();
  });
  after(async () => {
    await browser?.close();
    await bus?.[Symbol.asyncDispose]();
  });

  /** Evaluates in the page; `pages` is the cache of pages. */
  const ofCache = (page: Page, expression: string) =>
    page.evaluate(`(async () => {
      const [name] = (await caches.keys()).filter((found) => found.includes('pages'));
      const pages = name && (await caches.open(name));
      return pages && (${expression});
    })()`);

  /** Asks again until it is so, at most ten seconds. */
  async function soon(page: Page, read: () => Promise<unknown>, wanted: (value: unknown) => boolean): Promise<unknown> {
    for (let turn = 0; ; turn++) {
      const value = await read();
      if (wanted(value) || turn === 500) return value;
      await page.waitForTimeout(20);
    }
  }

  /** Resolves when the worker has a page. */
  const keeps = async (page: Page, path: string) =>
    assert.ok(
      await soon(page, () => ofCache(page, `!!(await pages.match('/bus/${path}', { ignoreVary: true }))`), Boolean),
      `${path} is kept`,
    );

  async function visit(context: BrowserContext, path: string): Promise<Page> {
    const page = await context.newPage();
    await page.goto(bus.base + path);
    await keeps(page, path);
    return page;
  }

  it('shows the last view with the time it is from, counts on, and says so where nothing was kept', async () => {
    const context = await browser.newContext({ viewport: { width: 360, height: 800 }, locale: 'en' });
    const page = await visit(context, `stops/${BUSY}`);
    assert.equal(await page.locator('#offline').isVisible(), false);
    await context.setOffline(true);
    await page.goto(`${bus.base}stops/${BUSY}?sort=time`);
    assert.match(await page.locator('#offline').innerText(), /^Offline: this is from \d\d:\d\d\.$/);
    assert.equal(await page.locator('.row').count(), 15);
    await expectSound(page, 'offline stop');
    await page.goto(`${bus.base}stops/${QUIET}`);
    assert.match(await page.locator('main').innerText(), /no connection, and this page was not looked at before/);
    await expectSound(page, 'offline');
    await context.setOffline(false);
    await page.goto(`${bus.base}stops/${BUSY}`);
    assert.equal(await page.locator('#offline').isVisible(), false);
    await context.close();
  });

  it('shows no bus of twelve minutes ago as if it came, and recovers by itself', async () => {
    const context = await browser.newContext();
    const page = await visit(context, `stops/${BUSY}`);
    await context.setOffline(true);
    await page.clock.install({ time: Date.now() + 12 * 60_000 });
    await page.reload();
    const row = (service: string) => page.locator(`[data-row^="${service}~"]`);
    await page.locator('#offline').waitFor();
    assert.match(await row('7').locator('.bus:first-child .when').innerText(), /^11\s+min$/, 'the first two have gone');
    assert.equal(await row('14').locator('[data-eta]').count(), 2);
    assert.match(await page.locator('.age').innerText(), /12 min old[\s\S]*do not rely on it/);
    await context.setOffline(false);
    await page.evaluate("dispatchEvent(new Event('online'))");
    await page.locator('#offline').waitFor({ state: 'hidden' });
    assert.match(await page.locator('.age').innerText(), /^\d+ s old/);
    assert.match(await row('7').locator('.bus:first-child .when').innerText(), /^Arr/);
    await context.close();
  });

  it('keeps the newest board of a page that is left open, and thirty pages at most', async () => {
    const context = await browser.newContext();
    const page = await visit(context, `stops/${BUSY}`);
    const before = await page.locator('#board').getAttribute('data-now');
    const answered = page.waitForResponse(/fragment=board/);
    await page.getByRole('link', { name: 'Refresh' }).click();
    await answered;
    const kept = () =>
      ofCache(page, `/data-now="(\\d+)"/.exec(await (await pages.match('/bus/stops/${BUSY}')).text())[1]`);
    assert.notEqual(await soon(page, kept, (now) => now !== before), before);

    const other = await context.newPage();
    for (let at = 0; at < 34; at++) {
      await other.goto(`${bus.base}?q=blk+${at}`);
      await keeps(other, `?q=blk+${at}`);
    }
    const count = () => ofCache(other, '(await pages.keys()).length');
    assert.equal(await soon(other, count, (found) => found === 30), 30);
    await context.close();
  });

  it('can be installed', async () => {
    const context = await browser.newContext();
    const page = await visit(context, '');
    const session = await context.newCDPSession(page);
    const { url, errors, data } = await session.send('Page.getAppManifest');
    assert.deepEqual([new URL(url).pathname, errors], ['/bus/manifest.webmanifest', []]);
    assert.equal((JSON.parse(data ?? '{}') as { scope: string }).scope, '/bus/');
    const { installabilityErrors } = await session.send('Page.getInstallabilityErrors');
    assert.deepEqual(
      installabilityErrors.map(({ errorId }) => errorId).filter((id) => id !== 'in-incognito'),
      [],
    );
    await context.close();
  });

  it('shows what is pushed, once for each tag, and something also where it cannot be read', async () => {
    const context = await browser.newContext({ permissions: ['notifications'] });
    const page = await visit(context, '');
    const session = await context.newCDPSession(page);
    const registered = new Promise<string>((resolve) => {
      session.on('ServiceWorker.workerRegistrationUpdated', ({ registrations }) => {
        const found = registrations.find(({ scopeURL }) => scopeURL === bus.base);
        if (found) resolve(found.registrationId);
      });
    });
    const wrong: string[] = [];
    session.on('ServiceWorker.workerErrorReported', ({ errorMessage }) => wrong.push(errorMessage.errorMessage));
    await session.send('ServiceWorker.enable');
    const registrationId = await registered;
    const push = (data: string) =>
      session.send('ServiceWorker.deliverPushMessage', { origin: new URL(bus.base).origin, registrationId, data });
    const told = { title: 'Leave now for 14', body: 'To Clementi Int', tag: 'one', url: `/bus/stops/${BUSY}` };
    const shown = () =>
      page.evaluate(`navigator.serviceWorker.getRegistration()
        .then((registration) => registration.getNotifications())
        .then((notifications) => [...new Set(notifications.map(({ title }) => title))].sort().join(', '))`);
    for (const [data, titles] of [
      [JSON.stringify(told), 'Leave now for 14'],
      [JSON.stringify({ ...told, title: 'Leave now for 14!' }), 'Leave now for 14!'],
      ['not json', 'Hawker, Leave now for 14!'],
    ] as const) {
      // A browser that is busy may lose what the debugger delivers; delivered twice, it is still one title.
      let found: unknown;
      for (let delivery = 0; delivery < 3 && found !== titles; delivery++) {
        await push(data);
        found = await soon(page, shown, (value) => value === titles);
      }
      assert.equal(found, titles);
    }
    assert.deepEqual(wrong, []);
    await context.close();
  });

  it('leads from a notification to its stop, to the tab that shows it already, and nowhere else', async () => {
    const context = await browser.newContext({ permissions: ['notifications'] });
    await visit(context, `stops/${BUSY}`);
    const [worker] = context.serviceWorkers();
    assert.ok(worker);
    /** Browsers let a worker open and show tabs only where a person clicked, so what it asks for is looked at. */
    const click = (url: string) =>
      worker.evaluate(`(async () => {
        const asked = [];
        self.clients.openWindow = async (address) => { asked.push('opens ' + address); };
        WindowClient.prototype.focus = async function () { asked.push('shows ' + this.url); return this; };
        await self.registration.showNotification('Leave', { data: { url: ${JSON.stringify(url)} } });
        const [notification] = await self.registration.getNotifications();
        const event = new NotificationEvent('notificationclick', { notification });
        let done;
        event.waitUntil = (work) => { done = work; };
        self.dispatchEvent(event);
        await done;
        return [...asked, (await self.registration.getNotifications()).length].join(', ');
      })()`);
    assert.equal(await click(`stops/${BUSY}?service=14`), `shows ${bus.base}stops/${BUSY}, 0`);
    assert.equal(await click(`stops/${QUIET}?service=7`), `opens ${bus.base}stops/${QUIET}?service=7, 0`);
    for (const url of ['https://example.com/', '//example.com/', '/links/', '../links/', 'javascript:alert(1)'])
      assert.equal(await click(url), `opens ${bus.base}, 0`, url);
    await context.close();
  });

  it('lets a person be told when to leave, cancel it, and learn why it is not possible', async () => {
    const denied = await browser.newContext({ locale: 'en' });
    const blocked = await visit(denied, `stops/${BUSY}`);
    await blocked.addInitScript("Notification.requestPermission = () => Promise.resolve('denied')");
    await blocked.reload();
    await blocked.getByText('Tell me when to leave').click();
    await blocked.getByRole('button', { name: 'Tell me', exact: true }).click();
    await blocked.getByText('Notifications are blocked').waitFor();
    await denied.close();

    const context = await browser.newContext({ permissions: ['notifications'], locale: 'en' });
    const page = await visit(context, `stops/${BUSY}`);
    // No push service can be reached from here, so the browser's part is played.
    const ecdh = createECDH('prime256v1');
    const keys = { p256dh: ecdh.generateKeys('base64url'), auth: randomBytes(16).toString('base64url') };
    const target = { endpoint: 'https://fcm.googleapis.com/fcm/send/nobody', expirationTime: null, keys };
    await page.addInitScript(
      `Notification.requestPermission = () => Promise.resolve('granted');
       PushManager.prototype.subscribe = async () => ({ toJSON: () => (${JSON.stringify(target)}) });`,
    );
    await page.reload();
    await page.getByText('Tell me when to leave').click();
    await page.locator('select[name=row]').selectOption('14~1~1');
    await page.getByLabel('Minutes to walk to the stop').fill('4');
    await page.getByRole('button', { name: 'Tell me', exact: true }).click();
    await page.getByText(/Waiting for 14\. You are told when to leave, until \d\d:\d\d at the latest\./).waitFor();
    await expectSound(page, 'waiting alert');
    await page.reload();
    await page.getByText('Tell me when to leave').click();
    await page.getByText(/Waiting for 14/).waitFor();
    // This device's clock may be hours ahead.
    await page.clock.install({ time: Date.now() + 5 * 3_600_000 });
    await page.reload();
    const state = page.waitForResponse(/v2\/alerts\//);
    await page.getByText('Tell me when to leave').click();
    await state;
    await page.getByText(/Waiting for 14/).waitFor();
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.getByText('Cancelled.').waitFor();
    await page.locator('select[name=row]').selectOption('14~1~1');
    await page.getByLabel('Minutes to walk to the stop').fill('6');
    await page.getByRole('button', { name: 'Tell me', exact: true }).click();
    await page.getByText('Leave now for 14.').waitFor();
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.getByText('Cancelled.').waitFor();
    assert.ok(await page.getByRole('button', { name: 'Tell me', exact: true }).isVisible());
    await context.close();
  });
});
