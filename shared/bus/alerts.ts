/**
 * Leave-now alerts as `bus`, `bus-alerts` and `bus-push` share them.
 *
 * An alert is a document of `bus-alerts` while it waits: `bus` makes it, or replaces it when the same browser asks again for the same bus. Each minute `bus-alerts` looks
 * at all of them. For one whose time has come an event named after it goes to `bus.leave`, and then it moves to `bus-alerts-told`, in a commit of its own that the lease
 * fences; one whose `until` has passed moves there as `expired`. `bus-push` sends what `bus.leave` brings, once, and notes in `bus-alerts-told` what became of it.
 *
 * An alert is one asking: its id with `madeAt`. Asking again for something else (another walk, another language) has another `madeAt`, and is told by itself. A told
 * document is about one asking, the newest that came to an end; between the event and the commit an alert can be in both collections, and then the told one counts.
 */

/** What a browser's PushSubscription is as JSON. */
export interface PushTarget {
  /** HTTPS, at a push service that the settings allow. Whoever has it can send to the browser: never logged, never answered. */
  endpoint: string;
  keys: { p256dh: string; auth: string };
}

export interface AlertRequest {
  target: PushTarget;
  stop: string;
  service: string;
  /** Of the row (BoardRow.id) where the service has several at this stop; any of them without it. */
  row?: string;
  /** Minutes, see LeaveQuestion. */
  walk: number;
  lead: number;
  /** Nothing is told after this; RFC 3339, at most 4 hours ahead. */
  until: string;
  /** Of the notification. */
  lang: 'en' | 'zh' | 'ms' | 'ta';
}

/** A document of `bus-alerts`. */
export interface WaitingAlert extends AlertRequest {
  /** RFC 3339, to the millisecond. Stays when the very same is asked again. */
  madeAt: string;
}

/** A document of `bus-alerts-told`, under the same id; kept for a day after its end. */
export interface ToldAlert extends Omit<WaitingAlert, 'target'> {
  state: 'telling' | 'sent' | 'expired' | 'failed';
  /** When it came to this state. */
  at: string;
  /** The bus it was about. */
  eta?: string;
  /** Why it failed. */
  reason?: string;
}

/** The data of an event of the topic `bus.leave`: the alert, and its bus. The event's id is the alert's id and when it was made, so that telling twice is one event. */
export interface LeaveEvent extends WaitingAlert {
  alert: string;
  stopName: string | null;
  destination: string | null;
  /** RFC 3339. */
  eta: string;
  leaveAt: string;
  monitored: boolean;
}

export const ALERTS = 'bus-alerts';
export const ALERTS_TOLD = 'bus-alerts-told';
export const LEAVE_TOPIC = 'bus.leave';
/** Longest life of an alert, in milliseconds. */
export const MOST_ALERT_MS = 4 * 3_600_000;
