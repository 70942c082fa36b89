/** Alerts about what visitors and passengers notice: redirects and bus arrivals. */
import { type Alert, COUNT, DURATION, PERCENT } from './alert.ts';
import { by, grew, series } from './promql.ts';
import { FAILED_REDIRECTS, REDIRECT_P99, redirectErrors, STALE_READINGS, type Window } from './recorded.ts';

/** Of a thousand redirects one may fail. */
const BUDGET = 0.001;
/** Fewer failures than this are no rate: at night one of three is a third. */
const LEAST_FAILURES = 5;

const burns = (factor: number, long: Window, short: Window) =>
  `(${redirectErrors(long)} > ${factor} * ${BUDGET} and ${redirectErrors(short)} > ${factor} * ${BUDGET}` +
  ` and sum(increase(${FAILED_REDIRECTS}[${long}])) >= ${LEAST_FAILURES})`;

export const REDIRECT_ALERTS: readonly Alert[] = [
  {
    name: 'HawkerRedirectErrorsFast',
    group: 'redirects',
    severity: 'critical',
    expr: `${burns(14.4, '1h', '5m')} or ${burns(6, '6h', '30m')}`,
    forMinutes: 2,
    summary: 'Redirects fail so often that the error budget of a month is gone within days',
    about:
      'Links answer 503 or an error instead of a redirect. Measured over an hour and the last five minutes (14.4 times the budget of 0.1 %), or six hours and the last thirty minutes (6 times).',
    value: PERCENT,
  },
  {
    name: 'HawkerRedirectErrorsSlow',
    group: 'redirects',
    severity: 'warning',
    expr: `${burns(3, '1d', '2h')} or ${burns(1, '3d', '6h')}`,
    forMinutes: 15,
    summary: 'Redirects fail more often than they may over a month',
    about:
      'A small share of links answers 503 or an error, and has for hours or days: above 0.3 % over a day, or 0.1 % over three.',
    value: PERCENT,
  },
  {
    name: 'HawkerRedirectSlow',
    group: 'redirects',
    severity: 'warning',
    expr: `${REDIRECT_P99} > 0.25`,
    forMinutes: 10,
    summary: 'One of a hundred redirects takes longer than a quarter of a second',
    about:
      'A redirect from memory takes less than a millisecond; what takes longer waits for the store or for the processor.',
    value: DURATION,
  },
  {
    name: 'HawkerHitsLost',
    group: 'redirects',
    severity: 'warning',
    expr: `sum(${grew(series('hawker.redirect.hits.lost'), '15m')}) > 0`,
    forMinutes: 0,
    summary: 'Hits of links were lost and will never be counted',
    about:
      'The queue did not take hits for so long that memory was full, or the process ended before it did. Visitors were redirected all the same.',
    value: COUNT,
  },
  {
    name: 'HawkerReadingsStale',
    group: 'bus',
    severity: 'warning',
    expr: `${STALE_READINGS} > 0.2`,
    forMinutes: 10,
    summary: 'More than a fifth of the bus arrivals that are shown are old or missing',
    about:
      'Readings are given out as stale, or there is none, since LTA DataMall does not answer, refuses the key, or is not asked any more.',
    value: PERCENT,
  },
  {
    name: 'HawkerUpstreamBreakerOpen',
    group: 'bus',
    severity: 'warning',
    // Between two tries it is open for as little as ten seconds, and then waits for the next who asks: one scrape of several may miss it.
    expr: `max ${by('hawker.upstream')} (max_over_time(${series('hawker.upstream.breaker_open')}[2m])) == 1`,
    forMinutes: 5,
    summary: '{{ $labels.hawker_upstream }} is not called any more since it failed again and again',
    about: 'The breaker opened and every try since has failed, so what it tells of is as old as that.',
    value: COUNT,
  },
  {
    name: 'HawkerUpstreamBudgetExhausted',
    group: 'bus',
    severity: 'warning',
    expr: `min ${by('hawker.upstream')} (avg_over_time(${series('hawker.upstream.budget_left')}[5m])) < 1`,
    forMinutes: 5,
    summary: 'As many calls to {{ $labels.hawker_upstream }} are made as may be, all the time',
    about: 'Calls wait for the next minute or are left out: more is asked for than the budget of a process allows.',
    value: COUNT,
  },
];
