/** What is worth keeping as a series of its own, since charts and alerts ask for it over long windows. */
import { by, quantile, rate, series } from './promql.ts';

export interface Recorded {
  /** `level:metric:operation`, as https://prometheus.io/docs/practices/rules/ has it. */
  record: string;
  expr: string;
}

/** Windows of the burn rate: two for what wakes somebody, two for what can wait. https://sre.google/workbook/alerting-on-slos/ */
const WINDOWS = ['5m', '30m', '1h', '2h', '6h', '1d', '3d'] as const;
export type Window = (typeof WINDOWS)[number];

export const redirectErrors = (window: Window) => `hawker:redirect_errors:ratio_rate${window}`;
export const FAILED_REDIRECTS = series(
  'hawker.redirect.duration',
  { 'hawker.outcome': '=~unavailable|failed' },
  'count',
);
const REDIRECTS = series('hawker.redirect.duration', {}, 'count');

/** Requests to what nobody has set up say nothing about how well the rest works. */
const SET_UP = { 'faas.name': '!=', 'error.type': '!=not_configured' } as const;

export const REDIRECT_P99 = 'hawker:redirect_duration_seconds:p99_5m';
export const REQUEST_ERRORS = 'hawker:request_errors:ratio_rate5m';
export const STALE_READINGS = 'hawker:stale_readings:ratio_rate5m';

export const RECORDED: readonly Recorded[] = [
  ...WINDOWS.map((window) => ({
    record: redirectErrors(window),
    expr: `sum(${rate(FAILED_REDIRECTS, window)}) / sum(${rate(REDIRECTS, window)})`,
  })),
  { record: REDIRECT_P99, expr: quantile(0.99, series('hawker.redirect.duration', {}, 'bucket'), '5m') },
  {
    record: REQUEST_ERRORS,
    expr: share(
      series('http.server.request.duration', { ...SET_UP, 'http.response.status_code': '=~5..' }, 'count'),
      series('http.server.request.duration', SET_UP, 'count'),
      by('faas.name'),
    ),
  },
  {
    record: STALE_READINGS,
    expr: share(series('hawker.bus.readings', { 'hawker.freshness': '=~stale|none' }), series('hawker.bus.readings')),
  },
];

/** With every recorded name replaced by what it stands for: the same question where nothing is recorded. */
export function withoutRecords(expr: string): string {
  return expr.replaceAll(/\bhawker:[a-z0-9_]+:[a-z0-9_]+\b/g, (name) => {
    const found = RECORDED.find(({ record }) => record === name);
    if (!found) throw new Error(`nothing is recorded as ${name}`);
    return `(${found.expr})`;
  });
}

function share(part: string, all: string, grouped = ''): string {
  const sum = (counter: string) => `sum ${grouped} (${rate(counter, '5m')})`.replace('  ', ' ');
  return `${sum(part)} / ${sum(all)}`;
}
