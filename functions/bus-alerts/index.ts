/**
 * bus-alerts: looks each minute whose time to leave for a bus has come.
 *
 * Trigger: schedule, every minute; a firing that comes while the one before still runs is skipped.
 * Input: the documents of `bus-alerts` (shared/bus/alerts.ts), and the board of each stop that one of them names, read once however many wait there.
 * Store: looks into `bus-alerts`, one read a minute and instance while none waits; moves alerts from there to `bus-alerts-told`, each by a commit of its own that
 *   the schedule's lease fences, so that somebody who cancels one meanwhile fails no other.
 * Idempotency: an alert is told by an event that has the name of the asking. The event is published first and the alert moved then: who dies in between has the next
 *   firing publish it again under the same name, and `bus-push` knows it by that. The other order would lose it.
 * Failures: on the early side by a minute and a half, which is the way to the next firing and from there to the browser. A stop whose board cannot be read waits for the
 *   next firing, and so does a bus that nobody tells of: while LTA says nothing, nothing can be told, and the alert expires with its `until`. Where events cannot be
 *   published the firing fails and comes again. At most 240 alerts end in one firing, the most urgent first.
 */
import { ALERTS } from '#shared/bus/alerts.ts';
import { createLists } from '#shared/bus/lists-reader.ts';
import { createBoards } from '#shared/bus/open-boards.ts';
import { createCalendar } from '#shared/bus/singapore-calendar.ts';
import { defineFunction } from '#shared/define.ts';
import { createAlertsRun } from './handler.ts';

export default defineFunction((runtime) => {
  const lists = createLists(runtime);
  const calendar = createCalendar(runtime.config.HAWKER_SG_HOLIDAYS);
  const boards = createBoards({ ...runtime, lists, calendar });
  return {
    kind: 'schedule',
    idle: async () => (await runtime.store.list(ALERTS, { limit: 1 })).docs.length === 0,
    run: createAlertsRun({ ...runtime, boards }),
  };
});
