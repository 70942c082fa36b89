import assert from 'node:assert/strict';
import type { IncomingHttpHeaders } from 'node:http';
import { test } from 'node:test';
import { createLabeller } from './labels.ts';

const BROWSER =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36';

function label(headers: IncomingHttpHeaders, method = 'GET'): string {
  const { label, reason } = createLabeller()({
    method,
    headers,
    visitor: 'v',
    host: 'go.example',
    linkId: '1',
    now: 0,
  });
  return `${label} ${reason}`;
}

test('each kind of request gets its label and the reason', () => {
  const browser = { 'user-agent': BROWSER };
  const cases: [IncomingHttpHeaders, string][] = [
    [browser, 'human browser'],
    [{ ...browser, 'sec-purpose': 'prefetch' }, 'prefetch sec-purpose'],
    [{ ...browser, 'sec-purpose': 'prefetch;prerender' }, 'prefetch sec-purpose'],
    [{ ...browser, 'sec-purpose': 'prefetch;anonymous-client-ip' }, 'prefetch sec-purpose'],
    [{ ...browser, purpose: 'prefetch' }, 'prefetch purpose'],
    [{ ...browser, 'x-moz': 'prefetch' }, 'prefetch x-moz'],
    [{ ...browser, 'x-purpose': 'preview' }, 'preview x-purpose'],
    [{ 'user-agent': 'facebookexternalhit/1.1' }, 'preview preview-user-agent'],
    [{ 'user-agent': 'WhatsApp/2.24 A' }, 'preview preview-user-agent'],
    [{ 'user-agent': 'Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)' }, 'preview preview-user-agent'],
    [{ 'user-agent': 'Googlebot/2.1 (+http://www.google.com/bot.html)' }, 'bot isbot'],
    [{ 'user-agent': 'curl/8.5.0' }, 'bot isbot'],
    [{ 'user-agent': '' }, 'bot empty-user-agent'],
    [{ 'user-agent': '  ' }, 'bot empty-user-agent'],
    [{}, 'bot no-user-agent'],
    [{ 'user-agent': `${BROWSER} Mimecast` }, 'scanner scanner-user-agent'],
  ];
  for (const [headers, expected] of cases) assert.equal(label(headers), expected, JSON.stringify(headers));
  assert.equal(label(browser, 'HEAD'), 'head method');
});

test('three links of one domain by one visitor within a second are a scanner, slower or fewer are not', () => {
  const labelled = createLabeller();
  const open = (linkId: string, now: number, visitor = 'v', host = 'go.example') =>
    labelled({ method: 'GET', headers: { 'user-agent': BROWSER }, visitor, host, linkId, now }).label;
  assert.equal(open('1', 0), 'human');
  assert.equal(open('1', 100), 'human');
  assert.equal(open('2', 200), 'human');
  assert.equal(open('2', 300), 'human');
  assert.equal(open('9', 310, 'w'), 'human');
  assert.equal(open('9', 320, 'v', 'other.example'), 'human');
  assert.equal(open('3', 1_050), 'scanner');
  assert.equal(open('4', 1_060), 'scanner');
  assert.equal(open('5', 2_100), 'human');
  assert.equal(open('6', 3_000), 'human');
  assert.equal(open('7', 3_200), 'human');
});
