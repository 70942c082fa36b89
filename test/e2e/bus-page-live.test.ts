/** The bus page while somebody looks at it: it counts down, asks again, pauses, survives trouble, and keeps the focus where it was. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { arrivalBody, type ShortBus } from '#shared/testing/fake-lta-replies.ts';
import { openBrowser, skip } from '../support/browser.ts';
import { BUSY, type BusPage, startBusPage } from './bus-page-rig.ts';

describe('the board of a stop', { skip, timeout: 120_000 }, () => {
  let browser: Browser;
  let bus: BusPage;

  before(async () => {
    // Nobody answers there.
    bus = await startBusPage({ HAWKER_BUS_MAP_TILES: 'http://127.0.0.1:9/{z}/{x}/{y}.png' });
    browser = await openBrowser();
  });
  after(async () => {
    await browser?.close();
    await bus?.[Symbol.asyncDispose]();
  });

  interface Watched extends AsyncDisposable {
    context: BrowserContext;
    page: Page;
    /** Requests for a new board so far. */
    asked(): number;
    /** Lets the page's time go on, and waits until what was asked meanwhile is answered. */
    pass(ms: number): Promise<void>;
  }

  /** A page whose time is the test's. */
  async function watch(path = `stops/${BUSY}`): Promise<Watched> {
    // Workers have a time of their own.
    const context = await browser.newContext({ serviceWorkers: 'block' });
    const page = await context.newPage();
    await page.clock.install();
    let asked = 0;
    let under = 0;
    page.on('request', (request) => {
      if (!request.url().includes('fragment=board')) return;
      asked++;
      under++;
    });
    const settled = (request: { url(): string }) => {
      if (request.url().includes('fragment=board')) under--;
    };
    page.on('requestfinished', settled);
    page.on('requestfailed', settled);
    await page.goto(bus.base + path);
    await page.waitForLoadState('networkidle');
    return {
      context,
      page,
      asked: () => asked,
      async pass(ms) {
        await page.clock.runFor(ms);
        await page.waitForFunction('true');
        for (let turn = 0; turn < 100 && under > 0; turn++) await page.evaluate('fetch("?turn").then(() => 0)');
        await page.evaluate('0');
      },
      [Symbol.asyncDispose]: () => context.close(),
    };
  }

  const first = (page: Page, service: string) =>
    page.locator(`[data-row^="${service}~"] .bus:first-child .when`).innerText();
  /** Says that it is hidden, or seen again. */
  const hide = (page: Page, hidden: boolean) =>
    page.evaluate(
      `Object.defineProperty(document, 'hidden', { value: ${hidden}, configurable: true }); document.dispatchEvent(new Event('visibilitychange'))`,
    );

  it('counts down between two answers and drops what has gone, with the age beside it', async () => {
    await using watched = await watch();
    const { page, pass } = watched;
    await page.route(/fragment=board/, (route) => route.abort());
    assert.match(await first(page, '14'), /^7\s+min$/);
    assert.match(await page.locator('.age').innerText(), /^\d s old · from LTA/);
    await pass(60_000);
    assert.match(await first(page, '14'), /^6\s+min$/);
    assert.match(await page.locator('.age').innerText(), /^1 min old/);
    assert.match(await first(page, '7'), /^Arr/, 'it may be a little late');
    await pass(30_000);
    assert.match(await first(page, '7'), /^left just now/);
    await pass(60_000);
    assert.match(await first(page, '7'), /^7\s+min$/, 'the next one has taken its place');
    assert.match(await page.locator('.age').innerText(), /2 min old[\s\S]*More than 2 minutes old/);
    assert.match(await page.locator('main').innerText(), /Offline: this is from \d\d:\d\d/);
  });

  it("counts by the server's clock where this device's is wrong", async () => {
    const context = await browser.newContext({ serviceWorkers: 'block' });
    const page = await context.newPage();
    await page.clock.install({ time: Date.now() + 3 * 3_600_000 });
    await page.goto(`${bus.base}stops/${BUSY}`);
    await page.clock.runFor(2_000);
    assert.match(await first(page, '14'), /^7\s+min$/);
    assert.match(await page.locator('.age').innerText(), /^\d+ s old/);
    await context.close();
  });

  it('keeps the next buses of a direct ride true as well', async () => {
    await using watched = await watch(`direct?from=${BUSY}&to=17015`);
    const { page, pass, asked } = watched;
    assert.match(await first(page, '14'), /^7\s+min$/);
    await pass(21_000);
    assert.equal(asked(), 1);
    await page.route(/fragment=board/, (route) => route.abort());
    await pass(60_000);
    assert.match(await first(page, '14'), /^6\s+min$/);
    assert.match(await page.locator('#offline').innerText(), /Offline: this is from \d\d:\d\d/);
  });

  it('says where LTA fails from the start that it tries again, and does', async () => {
    const heal = bus.lta.fail({ kind: 'answer', status: 500 }, { stop: '17007' });
    await using watched = await watch('stops/17007');
    const { page, pass } = watched;
    assert.equal(await page.locator('#link').innerText(), 'This page tries again by itself.');
    await pass(3_500);
    assert.equal(await page.locator('#link').innerText(), 'This page tries again by itself.');
    heal();
    await page.route(/fragment=board/, async (route) =>
      route.fulfill({ response: await route.fetch({ url: `${bus.base}stops/${BUSY}?fragment=board` }) }),
    );
    await pass(7_000);
    await page.locator('#link').waitFor({ state: 'hidden' });
    assert.doesNotMatch(await page.locator('main').innerText(), /LTA does not answer/);
  });

  it('moves the buses on the map with the board, and leaves it open', async () => {
    await using watched = await watch();
    const { page, pass } = watched;
    await page.getByText('Map', { exact: true }).click();
    const circles = page.locator('#map circle');
    assert.ok((await circles.count()) > 0);
    await page.evaluate(
      "document.querySelectorAll('#map circle').forEach((circle) => circle.setAttribute('cx', '-1'))",
    );
    await pass(21_000);
    await page.waitForFunction("document.querySelector('#map circle').getAttribute('cx') !== '-1'");
    assert.ok(await circles.first().isVisible());
  });

  it('asks every 20 seconds while it is seen, not at all while hidden, and at once on return', async () => {
    await using watched = await watch();
    const { page, pass, asked } = watched;
    await pass(19_000);
    assert.equal(asked(), 0);
    await pass(2_000);
    assert.equal(asked(), 1);
    await pass(20_500);
    assert.equal(asked(), 2);
    await hide(page, true);
    await pass(300_000);
    assert.equal(asked(), 2);
    await hide(page, false);
    await pass(100);
    assert.equal(asked(), 3);
    await page.getByRole('link', { name: 'Refresh' }).click();
    await pass(100);
    assert.equal(asked(), 4);
    assert.match(page.url(), new RegExp(`${BUSY}$`), 'without leaving the page');
  });

  it('tries again after 3 seconds, then ever less often, never two at a time, and gives up on an answer after 10', async () => {
    await using watched = await watch();
    const { page, pass, asked } = watched;
    // Its time goes on by `pass` alone, however long this machine takes.
    await page.clock.pauseAt(Number(await page.evaluate('Date.now()')) + 500);
    await page.route(/fragment=board/, (route) => route.fulfill({ status: 503, body: '' }));
    await pass(20_500);
    assert.match(await page.locator('#link').innerText(), /LTA does not answer/);
    const counts = [];
    // In steps, so that an answer is heard when it comes and not after all that time.
    const live = async (seconds: number) => {
      for (let left = seconds; left > 0; left--) await pass(Math.min(1, left) * 1_000);
    };
    // After 3, 6, 12 and 24 seconds; each turn ends in between, with seconds to spare for a slow machine.
    for (const seconds of [1, 3.5, 9, 18, 36]) {
      await live(seconds);
      counts.push(asked());
    }
    assert.deepEqual(counts, [1, 2, 3, 4, 5]);
    assert.ok(await page.locator('.row').first().isVisible(), 'what was there stays');

    await page.unroute(/fragment=board/);
    await page.route(/fragment=board/, () => undefined);
    // Half a minute after the fifth, which on a slow machine was heard of some seconds late.
    for (let left = 20; left > 0 && asked() < 6; left--) await live(1);
    assert.equal(asked(), 6);
    await page.getByRole('link', { name: 'Refresh' }).click();
    await page.clock.runFor(1_000);
    assert.equal(asked(), 6, 'one is under way');
    await live(10);
    assert.equal(asked(), 6, 'given up, and left alone for half a minute');
    await page.unroute(/fragment=board/);
    await live(30);
    assert.equal(asked(), 7);
    await page.locator('#link').waitFor({ state: 'hidden' });
    assert.equal(await page.locator('#said').innerText(), 'Up to date again.');
  });

  it('keeps the focus on what it was on, also where the rows change places, and says aloud only what matters', async () => {
    // The same services call at both; the second stop stands for the first one a little later.
    const soon: ShortBus = { eta: 0, destination: '17005' };
    const reply = (code: string, rows: [service: string, minutes: number, monitored: number][]) =>
      bus.lta.setArrivals(code, (now: number) =>
        arrivalBody(
          code,
          rows.map(([service, minutes, monitored]) => ({
            service,
            etas: [{ ...soon, monitored, eta: now + minutes * 60_000 + 30_000 }],
          })),
        ),
      );
    reply('17013', [
      ['7', 2, 1],
      ['14', 5, 1],
    ]);
    reply('17015', [
      ['7', 9, 0],
      ['14', 0, 0],
    ]);
    await using watched = await watch('stops/17013?sort=time');
    const { page, pass } = watched;
    const services = () => page.locator('.row .which a').allInnerTexts();
    assert.deepEqual((await services()).slice(0, 2), ['7', '14']);
    await page.locator('[data-row^="14~"] a').focus();
    await page.evaluate('window.kept = document.activeElement');
    await pass(5_000);
    assert.equal(await page.locator('#said').innerText(), '', 'a tick is nothing to speak of');
    await page.route(/fragment=board/, async (route) => {
      const url = route.request().url().replace('17013', '17015');
      await route.fulfill({ response: await route.fetch({ url }) });
    });
    await pass(16_000);
    await page.locator('.row').first().getByText('14', { exact: true }).waitFor();
    assert.deepEqual((await services()).slice(0, 2), ['14', '7']);
    assert.ok(await page.evaluate('document.activeElement === window.kept'));
    const said = await page.locator('#said').innerText();
    assert.match(said, /14 to Clementi Int: /);
    assert.match(said, /7 to Clementi Int: Timetable/);
  });
});
