/** The panels in their order: what each is called, what it is made from, and how. One whose data is the same is the same. */
import type { Overview } from './overview.ts';
import { failuresPanel, minutePanel, requestsPanel } from './panels-live.ts';
import {
  busPanel,
  leasesPanel,
  processPanel,
  queuePanel,
  readinessPanel,
  runsPanel,
  schedulesPanel,
} from './panels-state.ts';
import type { Html } from './table.ts';

export interface Panel {
  /** Of the element that it is in. */
  id: string;
  title: string;
  /** Beside the main ones, where there is room. */
  aside: boolean;
  /** What it shows, but for the time that passes. Undefined where there is no such thing here. */
  data(overview: Overview): unknown;
  show(overview: Overview, address: string): Html;
}

export const PANELS: readonly Panel[] = [
  {
    ...{ id: 'readiness', title: 'Readiness', aside: false },
    data: ({ readiness }) => readiness,
    show: readinessPanel,
  },
  {
    ...{ id: 'minute', title: 'Last minute', aside: false },
    data: ({ minute }) => minute,
    show: minutePanel,
  },
  {
    ...{ id: 'requests', title: 'Now', aside: false },
    data: ({ invocations }) => invocations,
    show: requestsPanel,
  },
  { ...{ id: 'runs', title: 'Migrations', aside: false }, data: ({ runs }) => runs, show: runsPanel },
  {
    ...{ id: 'failures', title: 'Last errors', aside: true },
    data: ({ failures }) => failures,
    show: failuresPanel,
  },
  { ...{ id: 'queue', title: 'Queue', aside: true }, data: ({ queue }) => queue, show: queuePanel },
  {
    ...{ id: 'schedules', title: 'Schedules', aside: true },
    data: ({ schedules }) => schedules,
    show: schedulesPanel,
  },
  { ...{ id: 'leases', title: 'Leases', aside: true }, data: ({ leases }) => leases, show: leasesPanel },
  { ...{ id: 'bus', title: 'LTA DataMall', aside: true }, data: ({ bus }) => bus, show: busPanel },
  { ...{ id: 'process', title: 'Process', aside: true }, data: ({ process }) => process, show: processPanel },
];

/** Those that are there, as text that tells whether their data has changed. */
export function fingerprints(overview: Overview): Map<string, string> {
  return new Map(
    PANELS.flatMap(({ id, data }) => {
      const shown = data(overview);
      return shown === undefined ? [] : [[id, JSON.stringify(shown)] as const];
    }),
  );
}

/** Their HTML by id; of those named alone. */
export async function render(
  overview: Overview,
  address: string,
  ids: Iterable<string>,
): Promise<Record<string, string>> {
  const wanted = new Set(ids);
  const made = PANELS.filter(({ id }) => wanted.has(id)).map(
    async ({ id, show }) => [id, String(await show(overview, address))] as const,
  );
  return Object.fromEntries(await Promise.all(made));
}
