/** What a metric is, and what those of metric-table.ts share. */

export interface MetricSpec {
  kind: 'counter' | 'gauge' | 'histogram';
  /** UCUM, as OpenTelemetry writes it: `s`, `By`, `1`, or `{what}` for things that are counted. */
  unit: string;
  /** Values that are not listed become `_OTHER`; `named` are those that the bundle, its settings or its targets name. */
  labels: Readonly<Record<string, 'named' | readonly string[]>>;
  /** Upper bounds of a histogram's buckets, in its unit. */
  buckets?: readonly number[];
}

/** From half a millisecond to ten seconds. */
export const SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const;
/** From a tenth of a second to an hour, for migrations and firings. */
export const LONG_SECONDS = [0.1, 0.5, 1, 5, 10, 30, 60, 300, 900, 3_600] as const;
/** From 10 kB to 50 MB, which is what Slides takes. */
export const BYTES = [
  10_000, 100_000, 500_000, 1_000_000, 2_500_000, 5_000_000, 10_000_000, 25_000_000, 50_000_000,
] as const;
/** `error.type` is absent where there was no error. */
export const ERROR = { 'error.type': 'named' } as const;

type ValueOf<Label> = Label extends readonly (infer Value)[] ? Value : string;
/** What has to be said for these labels. */
export type Given<Labels> = {
  [Name in Exclude<keyof Labels, 'error.type'>]: ValueOf<Labels[Name]>;
} & ('error.type' extends keyof Labels ? { 'error.type'?: string | undefined } : unknown);
