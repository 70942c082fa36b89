/**
 * Takes the metrics of metric-table.ts, one set for the process.
 *
 * OpenTelemetry's own metrics package for Node keeps no exemplars, and a measurement there costs some ten times as much, which the path of redirects would show. What
 * is kept here is read by `/metrics` (prometheus-text.ts) and by OTLP (otlp-metrics.ts).
 *
 * Nothing here throws, whatever it is told: a value that is no number or would make a counter fall is left out, and so is a reading that fails.
 */
import { systemClock } from '../clock.ts';
import {
  type CounterName,
  type GaugeName,
  type HistogramName,
  type LabelsOf,
  METRICS,
  type MetricName,
  type MetricSpec,
} from './metric-table.ts';

/** Which trace a measurement was taken in. */
export interface ExemplarTrace {
  traceId: string;
  spanId: string;
}

export interface Exemplar extends ExemplarTrace {
  value: number;
  /** Milliseconds since the epoch. */
  at: number;
}

/** One metric with one set of labels. */
export interface Series {
  /** In the order of the table; '' for one that does not apply. */
  labels: readonly string[];
  /** The counter's or gauge's value; the sum of a histogram's measurements. */
  value: number;
  /** Of a histogram: how many fell into each bucket, its bound included; the last one is for all above the highest bound. */
  buckets?: number[];
  /** Of a histogram, by bucket: the last traced measurement. */
  exemplars?: (Exemplar | undefined)[];
}

export interface Collected {
  name: MetricName;
  spec: MetricSpec;
  series: readonly Series[];
}

/** Series of one metric. What comes beyond is counted under labels that all say `_OTHER`. */
export const MOST_SERIES = 200;
/** Characters of a label's value; what is longer is cut off. */
export const MOST_LABEL = 100;
const OTHER = '_OTHER';

type Labels = Readonly<Record<string, string | undefined>>;
type Read = () => Iterable<{ labels: Labels; value: number }>;

interface Kept {
  spec: MetricSpec;
  allowed: readonly (readonly [label: string, allowed: 'named' | readonly string[]])[];
  series: Map<string, Series>;
}

let on = false;
/** When counting began, in milliseconds since the epoch: the start time of what grows. */
let since = 0;
/** Counts the starts, so that who remembers a series knows when it is gone. */
let start = 0;
const kept = new Map<MetricName, Kept>();
const readers = new Map<MetricName, Set<Read>>();

/** Begins to count; before that, and without it, nothing is kept. Does nothing where it is on already. */
export function startMetrics(now: number): void {
  if (on) return;
  on = true;
  since = now;
  start++;
}

/** Whether anything that is counted or recorded now is kept. */
export function measuring(): boolean {
  return on;
}

export function metricsSince(): number {
  return since;
}

/** Forgets everything and counts no more; for tests. */
export function stopMetrics(): void {
  on = false;
  start++;
  kept.clear();
  readers.clear();
}

export function count<M extends CounterName>(name: M, labels: LabelsOf<M>, by = 1): void {
  if (on && mayAdd(by)) seriesOf(keptOf(name), labels as Labels).value += by;
}

/** `trace` where the measurement was taken in a recorded span. */
export function record<M extends HistogramName>(
  name: M,
  value: number,
  labels: LabelsOf<M>,
  trace?: ExemplarTrace,
): void {
  if (on) put(METRICS[name].buckets, seriesOf(keptOf(name), labels as Labels), value, trace);
}

/** For paths where finding the series each time would show. Made once for each set of labels. */
export function recorder<M extends HistogramName>(
  name: M,
  labels: LabelsOf<M>,
): (value: number, trace?: ExemplarTrace) => void {
  const bounds: readonly number[] = METRICS[name].buckets;
  let series: Series | undefined;
  let of = 0;
  return (value, trace) => {
    if (!on) return;
    if (of !== start || !series) {
      series = seriesOf(keptOf(name), labels as Labels);
      of = start;
    }
    put(bounds, series, value, trace);
  };
}

export function counter<M extends CounterName>(name: M, labels: LabelsOf<M>): (by?: number) => void {
  let series: Series | undefined;
  let of = 0;
  return (by = 1) => {
    if (!on || !mayAdd(by)) return;
    if (of !== start || !series) {
      series = seriesOf(keptOf(name), labels as Labels);
      of = start;
    }
    series.value += by;
  };
}

/**
 * Answers what to call when there is nothing to read any more. `read` is asked whenever somebody collects, and must answer at once, from memory. Readings of
 * one set of labels, by several readers, are added up.
 */
export function gauge<M extends GaugeName>(
  name: M,
  read: () => Iterable<{ labels: LabelsOf<M>; value: number }>,
): () => void {
  return addReader(name, read as Read);
}

/** For what is counted elsewhere, from zero and only upwards: as `gauge`, with the whole count as the value. Nobody may `count` the same metric. */
export function tally<M extends CounterName>(
  name: M,
  read: () => Iterable<{ labels: LabelsOf<M>; value: number }>,
): () => void {
  return addReader(name, read as Read);
}

/** All that was measured, in the order of the table; metrics of which nothing is known are left out. */
export function collect(): Collected[] {
  return (Object.keys(METRICS) as MetricName[]).flatMap((name) => {
    const spec: MetricSpec = METRICS[name];
    const own = readers.get(name);
    const series = own?.size ? readAll(spec, own) : (kept.get(name)?.series ?? new Map<string, Series>());
    return series.size > 0 ? [{ name, spec, series: [...series.values()] }] : [];
  });
}

function addReader(name: MetricName, read: Read): () => void {
  const own = readers.get(name) ?? new Set();
  readers.set(name, own.add(read));
  return () => void own.delete(read);
}

/** Nothing of the last reading stays: what a gauge no longer tells of is gone. */
function readAll(spec: MetricSpec, own: Iterable<Read>): Map<string, Series> {
  const fresh = keptAs(spec);
  for (const read of own)
    try {
      for (const { labels, value } of read()) if (Number.isFinite(value)) seriesOf(fresh, labels).value += value;
    } catch {
      // It is asked again with the next collection.
    }
  return fresh.series;
}

function mayAdd(by: number): boolean {
  return by >= 0 && by < Infinity;
}

function put(bounds: readonly number[], series: Series, value: number, trace: ExemplarTrace | undefined): void {
  const { buckets, exemplars } = series;
  if (!mayAdd(value) || !buckets || !exemplars) return;
  let bucket = 0;
  while (bucket < bounds.length && value > (bounds[bucket] ?? 0)) bucket++;
  series.value += value;
  buckets[bucket] = (buckets[bucket] ?? 0) + 1;
  if (!trace) return;
  const { traceId, spanId } = trace;
  exemplars[bucket] = { traceId, spanId, value, at: systemClock.now() };
}

function keptOf(name: MetricName): Kept {
  let metric = kept.get(name);
  if (!metric) {
    metric = keptAs(METRICS[name]);
    kept.set(name, metric);
  }
  return metric;
}

function keptAs(spec: MetricSpec): Kept {
  return { spec, allowed: Object.entries(spec.labels), series: new Map() };
}

function seriesOf({ spec, allowed, series }: Kept, labels: Labels): Series {
  const values = allowed.map(([label, list]) => labelValue(labels[label], list));
  const found = series.get(values.join('\0'));
  if (found) return found;
  const given = series.size < MOST_SERIES ? values : values.map(() => OTHER);
  const key = given.join('\0');
  const known = series.get(key);
  if (known) return known;
  const made: Series = { labels: given, value: 0 };
  if (spec.kind === 'histogram') {
    made.buckets = Array.from({ length: (spec.buckets?.length ?? 0) + 1 }, () => 0);
    made.exemplars = [];
  }
  series.set(key, made);
  return made;
}

/** Short, and text that every reader takes: half a surrogate pair is not UTF-8, and NUL separates values here. */
function labelValue(given: string | undefined, allowed: 'named' | readonly string[]): string {
  const value = String(given ?? '');
  if (value === '') return '';
  if (allowed !== 'named') return allowed.includes(value) ? value : OTHER;
  if (/^[\x20-\x7e]{1,100}$/.test(value)) return value;
  return value.slice(0, MOST_LABEL).toWellFormed().replaceAll('\0', '\ufffd');
}
