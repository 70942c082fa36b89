/** The console as a person uses it: a real browser against a real Hawker, as narrow as a phone and as wide as a desk. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Browser } from 'playwright-core';
import { expectSound, openBrowser, skip } from '../support/browser.ts';
import { ADMIN_KEY, type Hawker, startHawker } from '../support/hawker.ts';

describe('the console', { skip, timeout: 120_000 }, () => {
  let browser: Browser;
  let hawker: Hawker;

  before(async () => {
    hawker = await startHawker();
    browser = await openBrowser();
  });
  after(async () => {
    await browser?.close();
    await hawker?.[Symbol.asyncDispose]();
  });

  for (const [width, colorScheme] of [
    [360, 'light'],
    [1280, 'dark'],
  ] as const) {
    it(`lets a person add, edit, import and remove at ${width} px in ${colorScheme} colours`, async () => {
      const context = await browser.newContext({ viewport: { width, height: 800 }, colorScheme });
      const page = await context.newPage();
      const host = `w${width}.localhost`;
      const base = `http://localhost:${hawker.port}`;
      const text = () => page.locator('main').innerText();
      const submit = (name: string) => page.getByRole('button', { name, exact: true }).click();

      await page.goto(`${base}/`);
      await expectSound(page, 'index');
      await page.getByRole('link', { name: 'links' }).click();
      await expectSound(page, 'sign in');
      await page.getByLabel('API key').fill('hwk_no_suchkey');
      await submit('Sign in');
      assert.match(await text(), /no such key/);
      await page.getByLabel('API key').fill(ADMIN_KEY);
      await submit('Sign in');

      await page.getByLabel('Host name').fill('not a host');
      await submit('Add');
      assert.match(await text(), /must be a host name/);
      assert.equal(await page.getByLabel('Host name').inputValue(), 'not a host', 'what was typed is kept');
      await page.getByLabel('Host name').fill(host);
      await submit('Add');

      await page
        .getByLabel('Slug')
        .fill('a-rather-long-slug/that-must-wrap/on-a-narrow-screen/without-pushing-the-page-wider');
      await page.getByLabel('Target', { exact: true }).fill('https://shop.example/<b>bold</b>?a=1&b=2');
      await submit('Add');
      await expectSound(page, 'link');
      assert.equal(await page.locator('main b').count(), 0, 'nothing typed becomes markup');
      await page.getByLabel('Target', { exact: true }).fill('https://127.0.0.1/');
      await submit('Save');
      assert.match(await text(), /not allowed|loopback/i);
      assert.equal(await page.getByLabel('Target', { exact: true }).inputValue(), 'https://127.0.0.1/');
      await page.getByLabel('Target', { exact: true }).fill('https://shop.example/new');
      await submit('Save');
      assert.match(await text(), /Saved/);

      await page.getByRole('link', { name: `All links of ${host}` }).click();
      await expectSound(page, 'domain');
      await page
        .getByLabel("The file's text")
        .fill('/one https://one.example/ 301\n/two/* https://two.example/x 200\n');
      await submit('Import');
      assert.match(await text(), /would bring in 1 new/);
      await expectSound(page, 'import');
      await page.getByLabel('Then').selectOption('false');
      await submit('Import');
      assert.match(await text(), /Brought in 1 new/);

      await page.getByText(`Remove ${host}`).click();
      await submit('Remove the domain');
      assert.match(await text(), /still has links/);
      for (const name of ['/one', '/a-rather']) {
        await page.goto(`${base}/links/domains/${host}`);
        await page.getByRole('link', { name }).click();
        await page.locator('summary').click();
        await submit('Remove the link');
      }
      await page.getByText(`Remove ${host}`).click();
      await submit('Remove the domain');
      assert.doesNotMatch(await text(), new RegExp(host));

      await page.goto(`http://${host}:${hawker.port}/gone`);
      await expectSound(page, 'not found');
      await context.close();
    });
  }

  for (const [name, heading] of [
    ['slides', 'Slides images'],
    ['slides-images', 'Images for Slides'],
  ] as const)
    it(`leads to the page of ${name}, on a phone and a desk, in light and dark colours`, async () => {
      for (const width of [360, 1280])
        for (const colorScheme of ['light', 'dark'] as const) {
          const context = await browser.newContext({ viewport: { width, height: 800 }, colorScheme });
          const page = await context.newPage();
          await page.goto(`http://localhost:${hawker.port}/`);
          await page.getByRole('link', { name, exact: true }).click();
          assert.equal(await page.locator('h1').innerText(), heading);
          await expectSound(page, `${name} at ${width} px in ${colorScheme} colours`);
          await context.close();
        }
    });

  it('leads to the slash below which its pages and its cookie live', async () => {
    const { status, headers } = await hawker.ask('/links', { anonymous: true });
    assert.deepEqual([status, headers['location']], [302, '/links/']);
  });

  it('takes no form from another site and shows its cookie to no script', async () => {
    const signIn = await hawker.ask('/links/sign-in', {
      method: 'POST',
      anonymous: true,
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
      body: `key=${ADMIN_KEY}`,
    });
    assert.equal(signIn.status, 303);
    const cookie = String(signIn.headers['set-cookie']);
    assert.match(cookie, /HttpOnly/);
    assert.match(cookie, /SameSite=Strict/);
    const forged = await hawker.ask('/links/domains', {
      method: 'POST',
      anonymous: true,
      headers: {
        Cookie: cookie.split(';')[0] ?? '',
        Origin: 'https://evil.example',
        'Content-Type': 'application/x-www-form-urlencoded',
      },
      body: 'host=evil.example',
    });
    assert.equal(forged.status, 403);
  });
});
