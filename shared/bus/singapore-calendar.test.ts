import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Calendar } from './calendar.ts';
import { HOLIDAYS } from './holidays.ts';
import type { Span, Times } from './lists.ts';
import { createCalendar } from './singapore-calendar.ts';

const calendar = createCalendar([]);
/** A moment by Singapore's clocks. */
const sg = (text: string) => Date.parse(`${text}+08:00`);
const stateOn = (span: Span, time: string, by: Calendar = calendar) =>
  by.operation({ weekday: span, saturday: span, sunday: span }, sg(time)).state;

describe('the service day', () => {
  it('lasts from 04:00 to 04:00', () => {
    assert.deepEqual(calendar.day(sg('2026-01-09T03:59:59.999')), { date: '2026-01-08', kind: 'weekday' });
    assert.deepEqual(calendar.day(sg('2026-01-09T04:00')), { date: '2026-01-09', kind: 'weekday' });
    assert.deepEqual(calendar.day(sg('2026-01-10T03:59')), { date: '2026-01-09', kind: 'weekday' });
    assert.deepEqual(calendar.day(sg('2026-01-10T04:00')), { date: '2026-01-10', kind: 'saturday' });
    assert.deepEqual(calendar.day(sg('2026-01-12T03:00')), { date: '2026-01-11', kind: 'sunday' });
  });

  it('begins and ends a holiday too', () => {
    assert.equal(calendar.day(sg('2026-12-25T03:59')).kind, 'weekday');
    assert.deepEqual(calendar.day(sg('2026-12-25T04:00')), {
      date: '2026-12-25',
      kind: 'sunday',
      holiday: 'Christmas Day',
    });
    assert.equal(calendar.day(sg('2026-12-26T03:59')).holiday, 'Christmas Day');
    assert.deepEqual(calendar.day(sg('2026-12-26T04:00')), { date: '2026-12-26', kind: 'saturday' });
  });
});

describe('first and last bus', () => {
  it('are both included, to the minute', () => {
    const span = { first: '0530', last: '2345' };
    assert.equal(stateOn(span, '2026-01-08T05:29:59.999'), 'before_first');
    assert.equal(stateOn(span, '2026-01-08T05:30'), 'running');
    assert.equal(stateOn(span, '2026-01-08T23:45:59.999'), 'running');
    assert.equal(stateOn(span, '2026-01-08T23:46'), 'after_last');
  });

  it('after midnight belong to the day before: 2400, 0012', () => {
    assert.equal(stateOn({ first: '0530', last: '2400' }, '2026-01-09T00:00:59'), 'running');
    assert.equal(stateOn({ first: '0530', last: '2400' }, '2026-01-09T00:01'), 'after_last');
    assert.equal(stateOn({ first: '0530', last: '0000' }, '2026-01-09T00:00'), 'running');
    assert.equal(stateOn({ first: '0530', last: '0012' }, '2026-01-09T00:12'), 'running');
    assert.equal(stateOn({ first: '0530', last: '0012' }, '2026-01-09T00:13'), 'after_last');
    assert.equal(stateOn({ first: '0530', last: '0012' }, '2026-01-09T04:00'), 'before_first');
    assert.equal(stateOn({ first: '2330', last: '2515' }, '2026-01-09T01:15'), 'running');
  });

  it('of a night service hold for the evening and the hours after it, by the kind of the evening', () => {
    const friday: Times = { weekday: { first: '2330', last: '0200' } };
    assert.equal(calendar.operation(friday, sg('2026-01-10T01:00')).state, 'running', 'the night to Saturday');
    assert.equal(calendar.operation(friday, sg('2026-01-11T01:00')).state, 'none', 'the night to Sunday');
    assert.equal(calendar.operation(friday, sg('2026-01-09T12:00')).state, 'before_first');
    assert.equal(
      calendar.operation({ weekday: { first: '0004', last: '0019' } }, sg('2026-01-09T00:03')).state,
      'before_first',
    );
  });

  it('that are the same are a single bus', () => {
    const span = { first: '0718', last: '0718' };
    assert.equal(stateOn(span, '2026-01-08T07:17'), 'before_first');
    assert.equal(stateOn(span, '2026-01-08T07:18:30'), 'running');
    assert.equal(stateOn(span, '2026-01-08T07:19'), 'after_last');
  });

  it('that LTA has swapped are told in the order in which they come', () => {
    for (const [first, last] of [
      ['2359', '2340'],
      ['0004', '2345'],
      ['2400', '2341'],
    ] as const) {
      const { state, span } = calendar.operation({ weekday: { first, last } }, sg('2026-01-08T23:50'));
      assert.deepEqual([state, span], ['running', { first: last, last: first }]);
      assert.equal(stateOn({ first, last }, '2026-01-08T12:00'), 'before_first');
      assert.equal(stateOn({ first, last }, '2026-01-09T00:30'), 'after_last');
    }
  });

  it('may lie beyond the ends of the service day, which cuts them off', () => {
    const late = { first: '2300', last: '0430' };
    assert.equal(stateOn(late, '2026-01-09T03:59'), 'running');
    assert.equal(stateOn(late, '2026-01-09T04:10'), 'before_first', 'the day before is over');
    const early = { first: '0350', last: '2330' };
    assert.equal(stateOn(early, '2026-01-08T04:00'), 'running');
    assert.equal(stateOn(early, '2026-01-08T23:31'), 'after_last');
    const longNight = { first: '2200', last: '1000' };
    assert.deepEqual(
      [stateOn(longNight, '2026-01-08T21:59'), stateOn(longNight, '2026-01-09T03:00')],
      ['before_first', 'running'],
    );
  });

  it('are none where the list has none, and unknown where they cannot be read or are not loaded', () => {
    assert.equal(calendar.operation(undefined, sg('2026-01-08T12:00')).state, 'unknown');
    assert.equal(calendar.operation({}, sg('2026-01-08T12:00')).state, 'none');
    for (const nothing of ['', '-'])
      assert.equal(stateOn({ first: nothing, last: nothing }, '2026-01-08T12:00'), 'none');
    for (const odd of ['530', '05:30', '2860', '0565', '9999', '053O', '-0530', ' 0530', '０５３０'])
      for (const span of [
        { first: odd, last: '2345' },
        { first: '0530', last: odd },
        { first: odd, last: '-' },
      ])
        assert.deepEqual(calendar.operation({ weekday: span }, sg('2026-01-08T12:00')), {
          state: 'unknown',
          kind: 'weekday',
        });
  });
});

describe('public holidays', () => {
  it('include the Monday after each that falls on a Sunday', () => {
    for (const [date, name] of HOLIDAYS) {
      if (new Date(date).getUTCDay() !== 0) continue;
      const monday = new Date(Date.parse(date) + 86_400_000).toISOString().slice(0, 10);
      assert.ok(HOLIDAYS.get(monday), `${name} ${date}`);
    }
    for (const [date, name] of HOLIDAYS)
      if (name.startsWith('the day after')) assert.equal(new Date(date).getUTCDay(), 1, date);
  });

  it("keep Sunday's times, and say which holiday it is", () => {
    const times: Times = { weekday: { first: '0530', last: '2345' }, sunday: { first: '0600', last: '2300' } };
    assert.deepEqual(calendar.operation(times, sg('2026-11-09T05:45')), {
      state: 'before_first',
      span: { first: '0600', last: '2300' },
      kind: 'sunday',
      holiday: 'the day after Deepavali',
    });
    assert.equal(
      calendar.operation({ weekday: { first: '0530', last: '2345' } }, sg('2027-10-28T12:00')).state,
      'none',
    );
  });

  it('are corrected by the setting: dates added, dates taken away', () => {
    const corrected = createCalendar(['2027-10-29', '-2027-10-28', '2026-12-25', '-2026-02-30']);
    assert.deepEqual(corrected.day(sg('2027-10-29T12:00')), {
      date: '2027-10-29',
      kind: 'sunday',
      holiday: 'a public holiday',
    });
    assert.deepEqual(corrected.day(sg('2027-10-28T12:00')), { date: '2027-10-28', kind: 'weekday' });
    assert.equal(corrected.day(sg('2026-12-25T12:00')).holiday, 'Christmas Day', 'the table knows its name');
    assert.equal(calendar.day(sg('2027-10-28T12:00')).holiday, 'Deepavali', 'other calendars keep theirs');
  });

  it('are known until the end of the last year that is named; weekdays go on', () => {
    assert.equal(calendar.holidaysKnownUntil, '2027-12-31');
    assert.equal(createCalendar(['2028-01-26', '-2029-01-01']).holidaysKnownUntil, '2028-12-31');
    assert.deepEqual(calendar.day(sg('2031-08-09T12:00')), { date: '2031-08-09', kind: 'saturday' });
    assert.deepEqual(calendar.day(sg('2032-02-29T12:00')), { date: '2032-02-29', kind: 'sunday' });
  });
});
