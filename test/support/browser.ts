/** A real browser, and what every page of Hawker must be in it. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import axe from 'axe-core';
import { type Browser, chromium, type Page } from 'playwright-core';

const executablePath = process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium';
const missing = !existsSync(executablePath);
if (missing && process.env['CI'] === 'true')
  throw new Error(`CI must look at the pages: there is no ${executablePath}`);

/** For `describe`: the reason where there is no browser. */
export const skip =
  missing && `needs Chromium at CHROMIUM_PATH (Debian: apt-get install chromium); there is no ${executablePath}`;

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
];

export function openBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath, args: FLAGS });
}

/** Nothing that axe finds fault with, nothing wider than the screen. */
export async function expectSound(page: Page, where: string): Promise<void> {
  // Evaluated through the debugger, past the page's own policy.
  const found = await page.evaluate(
    `${axe.source}; axe.run().then(({ violations }) => violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ html }) => html).join(' ')))`,
  );
  assert.deepEqual(found, [], where);
  const [width, room] = (await page.evaluate('[document.documentElement.scrollWidth, innerWidth]')) as [number, number];
  assert.ok(width <= room, `${where} is ${width} px wide in ${room} px`);
}
