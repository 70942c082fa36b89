/** What an alert is, for Prometheus and for Cloud Monitoring alike. */

export interface Alert {
  /** CamelCase; its section in runbooks.md has the same name. */
  name: string;
  group: 'redirects' | 'bus' | 'queue' | 'coordination' | 'migrations' | 'processes';
  /** `critical`: visitors notice now; `warning`: somebody should look within the day. */
  severity: 'critical' | 'warning';
  /** PromQL; each series that it answers is one alert. */
  expr: string;
  /** The same on Google Cloud where it must be asked differently, or why there is none. */
  google?: { expr: string } | { none: string };
  /** How long it must have been so. */
  forMinutes: number;
  /** One line; `{{ $labels.name }}` is filled in. */
  summary: string;
  /** What it means, in a sentence or two. */
  about: string;
  /** The value as people read it, in the templates of Prometheus. */
  value: string;
}

/** What a process with all functions calls itself, as others do by their function's name. */
export const ALL_IN_ONE = 'hawker';
export const PERCENT = '{{ $value | humanizePercentage }}';
export const DURATION = '{{ $value | humanizeDuration }}';
export const COUNT = '{{ $value | printf "%.0f" }}';
