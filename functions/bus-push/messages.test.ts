import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { LeaveEvent } from '#shared/bus/alerts.ts';
import { notification } from './messages.ts';

const NOW = Date.parse('2026-01-08T04:00:00Z');

const leave = (given: Partial<LeaveEvent> = {}): LeaveEvent => ({
  alert: 'a'.repeat(43),
  target: { endpoint: 'https://fcm.googleapis.com/secret', keys: { p256dh: '', auth: '' } },
  stop: '83139',
  stopName: 'Marine Ter Mkt',
  service: '15',
  destination: 'Pasir Ris Int',
  eta: '2026-01-08T04:09:59Z',
  leaveAt: '2026-01-08T04:01:10Z',
  monitored: true,
  walk: 7,
  lead: 2,
  until: '2026-01-08T06:00:00Z',
  madeAt: '2026-01-08T03:00:00.000Z',
  lang: 'en',
  ...given,
});
const told = (given: Partial<LeaveEvent> = {}, now = NOW) =>
  JSON.parse(notification(leave(given), now)) as Record<string, string>;

describe('a notification', () => {
  it('says when to leave, for which bus, where to and when it comes, in Singapore time', () => {
    assert.deepEqual(told(), {
      title: 'Time to leave for bus 15',
      body: 'Leave by 12:01: to Pasir Ris Int, at Marine Ter Mkt 12:09.',
      lang: 'en',
      tag: 'a'.repeat(43),
      url: 'stops/83139?service=15',
      eta: '2026-01-08T04:09:59Z',
      leaveAt: '2026-01-08T04:01:10Z',
    });
  });

  it('says to leave now once the time has come, and that a time is of the timetable', () => {
    const { body } = told({ monitored: false }, NOW + 120_000);
    assert.equal(body, 'Leave now: to Pasir Ris Int, at Marine Ter Mkt 12:09 by the timetable.');
  });

  it('does without the names that are not known', () => {
    assert.equal(told({ stopName: null, destination: null })['body'], 'Leave by 12:01: at 83139 12:09.');
  });

  it('is whole in each language, with every fact in it, and small enough for push services', () => {
    const bodies = (['en', 'zh', 'ms', 'ta'] as const).map((lang) => {
      const longest = { stopName: '站'.repeat(200), destination: '站'.repeat(200), monitored: false };
      assert.ok(Buffer.byteLength(notification(leave({ lang, ...longest }), NOW)) <= 3_900, lang);
      const { title, body = '' } = told({ lang });
      assert.match(title ?? '', /15/);
      for (const fact of ['12:01', '12:09', 'Marine Ter Mkt', 'Pasir Ris Int'])
        assert.ok(body.includes(fact), `${lang}: ${fact}`);
      assert.doesNotMatch(`${title}${body}`, /undefined|null/);
      assert.notEqual(told({ lang }, NOW + 120_000)['body'], body);
      assert.notEqual(told({ lang, monitored: false })['body'], body);
      return body;
    });
    assert.equal(new Set(bodies).size, 4);
  });

  it('never tells the endpoint', () => {
    assert.doesNotMatch(notification(leave(), NOW), /secret|fcm/);
  });
});
