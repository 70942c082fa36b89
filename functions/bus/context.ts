/** What the parts of this function share. */
import type { Boards } from '#shared/bus/boards.ts';
import type { Calendar } from '#shared/bus/calendar.ts';
import type { Lists } from '#shared/bus/lists.ts';
import type { Runtime } from '#shared/define.ts';

export interface Context extends Runtime {
  lists: Lists;
  boards: Boards;
  calendar: Calendar;
}
