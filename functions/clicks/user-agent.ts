/** What a User-Agent says of device and browser. Parsed here and not while a visitor waits for the redirect. */
import Bowser from 'bowser';

const UNKNOWN = 'unknown';

/** Such as `mobile` and `Chrome`; `unknown` for what cannot be told. */
export function describeUserAgent(userAgent: string | undefined): { device: string; browser: string } {
  // Bowser throws where there is nothing to parse.
  if (!userAgent?.trim()) return { device: UNKNOWN, browser: UNKNOWN };
  const { platform, browser } = Bowser.parse(userAgent);
  return { device: platform.type || UNKNOWN, browser: browser.name || UNKNOWN };
}
