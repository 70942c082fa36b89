/** The bus page as a person at a stop uses it: a real browser, a real Hawker, an LTA on loopback. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { expectSound, openBrowser, skip } from '../support/browser.ts';
import { BUSY, type BusPage, QUIET, startBusPage } from './bus-page-rig.ts';

/** What went wrong in the page itself: a script that threw, something that the policy forbade. */
function troubles(page: Page): string[] {
  const found: string[] = [];
  page.on('pageerror', ({ message }) => found.push(message));
  page.on('console', (message) => {
    // A browser says so of each answer that is not 2xx.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) found.push(message.text());
  });
  return found;
}

describe('the bus page', { skip, timeout: 120_000 }, () => {
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

  for (const [width, colorScheme] of [
    [360, 'light'],
    [1280, 'dark'],
  ] as const)
    it(`lets a person search, read, sort, save, name, order and remove at ${width} px in ${colorScheme} colours`, async () => {
      const context = await browser.newContext({ viewport: { width, height: 800 }, colorScheme, locale: 'en-SG' });
      const page = await context.newPage();
      const wrong = troubles(page);
      const text = () => page.locator('main').innerText();
      const button = (name: string | RegExp) => page.getByRole('button', { name, exact: true });

      await page.goto(bus.base);
      await expectSound(page, 'home');
      await page.getByRole('searchbox').fill('serangoon garden');
      await button('Search').click();
      await expectSound(page, 'results');
      assert.match(await text(), /S'goon Gdn Circus\s+17007 · Kensington Pk Rd/);
      await page.getByRole('searchbox').fill('no such place at all');
      await button('Search').click();
      assert.match(await text(), /No stop fits “no such place at all”/);
      await page.getByRole('searchbox').fill(BUSY);
      await button('Search').click();
      assert.match(page.url(), new RegExp(`/bus/stops/${BUSY}$`));
      await expectSound(page, 'stop');
      assert.equal(await page.getByRole('heading', { level: 1 }).innerText(), 'Opp Blk 101');

      const services = () => page.locator('.row .which a').allInnerTexts();
      assert.deepEqual((await services()).slice(0, 4), ['7', '14', '96', '96A']);
      await page.getByRole('link', { name: 'By time' }).click();
      assert.deepEqual((await services()).slice(0, 3), ['7', '96A', '147']);
      assert.equal((await services()).at(-1), '285');
      await expectSound(page, 'stop by time');
      await page.getByText('What the signs mean').click();
      await page.getByText('Tell me when to leave').click();
      await expectSound(page, 'stop with all open');

      await button('Save this stop').click();
      await page.getByLabel('Your name for it').fill('To <b>work</b>');
      await button('Keep').click();
      await expectSound(page, 'saved');
      await page.goto(`${bus.base}stops/${QUIET}`);
      await expectSound(page, 'quiet stop');
      assert.match(await text(), /No estimate|Not running/);
      await button('Save this stop').click();
      await page.getByRole('link', { name: 'Bus arrivals' }).click();
      const saved = async () => {
        // The page's script puts them there, a moment after the page is.
        await page.locator('#saved li > a').first().waitFor();
        return page.locator('#saved li > a').allInnerTexts();
      };
      assert.deepEqual(await saved(), ['To <b>work</b>', 'Aft Bt Timah Plaza']);
      assert.equal(await page.locator('#saved b').count(), 0, 'nothing typed becomes markup');
      await expectSound(page, 'home with saved stops');
      await button('Move Aft Bt Timah Plaza up').click();
      assert.deepEqual(await saved(), ['Aft Bt Timah Plaza', 'To <b>work</b>']);
      await button('Rename Aft Bt Timah Plaza').click();
      await page.getByLabel('Your name for it').fill('Home');
      await page.keyboard.press('Enter');
      assert.deepEqual(await saved(), ['Home', 'To <b>work</b>']);
      assert.equal(await page.evaluate('document.activeElement.getAttribute("aria-label")'), 'Rename Home');
      await page.reload();
      assert.deepEqual(await saved(), ['Home', 'To <b>work</b>'], 'it is kept');
      await button('Remove To <b>work</b>').click();
      assert.deepEqual(await saved(), ['Home']);

      await page.goto(`${bus.base}services/96a`);
      await expectSound(page, 'service');
      await page.goto(`${bus.base}direct?from=17007&to=17013`);
      await expectSound(page, 'direct');
      // Which of the two depends on the hour at which this runs.
      assert.match(await text(), /96A\s+2 stops\s+(?:No estimate|Not running)/);
      for (const [path, status] of [
        ['stops/12345', 404],
        ['stops/abc', 404],
        ['services/999', 404],
      ] as const) {
        assert.equal((await page.goto(bus.base + path))?.status(), status);
        await expectSound(page, path);
      }
      assert.deepEqual(wrong, []);
      await context.close();
    });

  it('is as good without JavaScript, and shows nothing that needs it', async () => {
    const context = await browser.newContext({ viewport: { width: 360, height: 800 }, javaScriptEnabled: false });
    const page = await context.newPage();
    await page.goto(bus.base);
    for (const hidden of ['#near', '#saved']) assert.equal(await page.locator(hidden).isVisible(), false, hidden);
    await page.getByRole('searchbox').fill('blk 101');
    await page.getByRole('button', { name: 'Search' }).click();
    await page.getByRole('link', { name: 'Opp Blk 101' }).click();
    for (const hidden of ['#save', '#alert', '#offline', '#link'])
      assert.equal(await page.locator(hidden).isVisible(), false, hidden);
    assert.equal(await page.locator('.row').count(), 15);
    await page.getByRole('link', { name: 'By time' }).click();
    await page.getByRole('link', { name: 'Refresh' }).click();
    assert.match(page.url(), /sort=time$/);
    assert.match(await page.locator('main').innerText(), /\d+ s old · from LTA/);
    await page.getByRole('link', { name: '中文' }).click();
    assert.equal(await page.locator('html').getAttribute('lang'), 'zh');
    await page.goto(bus.base);
    assert.equal(await page.locator('html').getAttribute('lang'), 'zh', 'the choice is kept');
    await context.close();
  });

  it('fits and is sound in every language', async () => {
    for (const lang of ['en', 'zh', 'ms', 'ta']) {
      const context = await browser.newContext({ viewport: { width: 360, height: 800 }, locale: lang });
      const page = await context.newPage();
      for (const path of ['', `stops/${BUSY}`, `stops/${QUIET}`, 'services/7', 'stops/12345', 'offline']) {
        await page.goto(bus.base + path);
        assert.equal(await page.locator('html').getAttribute('lang'), lang);
        await expectSound(page, `${lang} ${path}`);
      }
      await context.close();
    }
  });

  it('stays readable with text of twice the size', async () => {
    const context = await browser.newContext({ viewport: { width: 360, height: 800 }, locale: 'ta' });
    const page = await context.newPage();
    for (const path of ['', `stops/${BUSY}`]) {
      await page.goto(bus.base + path);
      await page.evaluate("document.documentElement.style.fontSize = '200%'");
      await expectSound(page, path);
    }
    const row = page.locator('.row').first();
    const [which, when] = await Promise.all([
      row.locator('.which').boundingBox(),
      row.locator('.bus:first-child .when').boundingBox(),
    ]);
    assert.ok(which && when && which.y + which.height <= when.y, 'the number stands above its buses');
    await context.close();
  });

  it('tells the next buses of saved stops on the first page, and hears of what another tab saved', async () => {
    const context = await browser.newContext({ locale: 'en' });
    const [page, other] = [await context.newPage(), await context.newPage()];
    for (const tab of [page, other]) await tab.goto(`${bus.base}stops/${BUSY}`);
    await page.getByRole('button', { name: 'Save this stop' }).click();
    await other.getByRole('button', { name: 'Saved. Remove' }).waitFor();
    await page.goto(bus.base);
    const next = page.locator('#saved .next');
    await next.getByText('7 ~Arr').waitFor();
    assert.match((await next.innerText()).replaceAll(/\s+/g, ' '), /^7 ~Arr 96A 1 min 147 2 min 166 3 min$/);
    await expectSound(page, 'home with the next buses');
    await page.getByRole('button', { name: /^Rename/ }).click();
    await page.getByLabel('Your name for it').fill('Home');
    await page.keyboard.press('Enter');
    assert.match(await next.innerText(), /7 ~Arr/, 'also in a list that was made anew');
    await context.close();
  });

  it('is loaded with few requests', async () => {
    for (const path of ['', `stops/${BUSY}`]) {
      const context = await browser.newContext();
      const page = await context.newPage();
      const asked: string[] = [];
      page.on('request', (request) => asked.push(request.url()));
      await page.goto(bus.base + path, { waitUntil: 'load' });
      assert.ok(asked.length <= 6, asked.join(' '));
      await context.close();
    }
  });

  it('saves nothing and says so where the browser keeps nothing, and survives what others left there', async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    const wrong = troubles(page);
    await page.goto(bus.base);
    for (const junk of ['{', '7', '[null, {"code": 5}, {"code": "17009"}, {"code": "17009", "name": "again"}]']) {
      await page.evaluate(`localStorage.setItem('bus-saved', ${JSON.stringify(junk)})`);
      await page.reload();
      assert.ok((await page.locator('#saved li').count()) <= 1, junk);
    }
    await page.goto(`${bus.base}stops/${QUIET}`);
    for (const junk of ['{', '7', 'null', '{"id":5}', '{"id":"x","service":"7","until":"never"}']) {
      await page.evaluate(`localStorage.setItem('bus-alert ${QUIET}', ${JSON.stringify(junk)})`);
      await page.reload();
      await page.getByText('Tell me when to leave').click();
      await page.evaluate(
        "new Promise(requestAnimationFrame).then(() => import(document.getElementById('alert').dataset.script))",
      );
      assert.ok(await page.getByRole('button', { name: 'Tell me', exact: true }).isVisible(), junk);
      assert.equal(await page.getByRole('button', { name: 'Cancel' }).isVisible(), false, junk);
    }
    await page.addInitScript("Storage.prototype.setItem = () => { throw new Error('full') }");
    await page.goto(`${bus.base}stops/${QUIET}`);
    await page.getByRole('button', { name: 'Save this stop' }).click();
    assert.match(await page.locator('#save').innerText(), /keeps nothing/);
    assert.deepEqual(wrong, []);
    await context.close();
  });

  it('finds the nearest stops, and says so where the browser does not tell where it is', async () => {
    const near = await browser.newContext({
      geolocation: { latitude: 1.3171, longitude: 103.7671 },
      permissions: ['geolocation'],
    });
    const page = await near.newPage();
    await page.goto(bus.base);
    await page.getByRole('button', { name: 'Nearest stops' }).click();
    await page.waitForURL(/near=/);
    assert.match(
      await page.locator('.stops li').first().innerText(),
      /Opp Blk 101\s+17009 · Clementi Ave 3 · \d+ m away/,
    );
    await expectSound(page, 'nearest');
    await near.close();

    const context = await browser.newContext();
    const other = await context.newPage();
    await other.goto(bus.base);
    await other.getByRole('button', { name: 'Nearest stops' }).click();
    await other.getByText('Your browser did not say where you are').waitFor();
    await context.close();
  });
});
