/**
 * bus-push: tells a browser once that it is time to leave for its bus.
 *
 * Trigger: each `bus.leave` event, published by `bus-alerts`.
 * Input: a LeaveEvent (shared/bus/alerts.ts) with the browser's push subscription, which no log and no error tells.
 * Store: `inbox`; `bus-alerts-told`, where it notes what became of the alert; `push-keys`, whose pair is made here if nobody has asked for it yet.
 * Idempotency: by the event's source and id, in the inbox. A process that dies between the push service's answer and its own commit leaves the event to be sent again;
 *   it bears the same Topic and the same tag, so that the second takes the place of the first, at the push service or on the screen.
 * Failures: a push service that is busy or does not answer is tried again, further and further apart, until the bus has come. A subscription that is gone and a request that
 *   is refused are noted as failed. The alert's address is checked against the known push services once more, since whoever may publish could name any.
 */
import { defineFunction } from '#shared/define.ts';
import { createInbox } from '#shared/events/inbox.ts';
import { createPushKeys } from '#shared/push/keys.ts';
import { createSendPush } from '#shared/push/send.ts';
import { createPush } from './handler.ts';

export default defineFunction((runtime) => {
  const { config, clock } = runtime;
  const { HAWKER_PUSH_CONTACT: contact, HAWKER_PUSH_SERVICES: services } = config;
  const inbox = createInbox({ consumer: 'bus-push', ...runtime });
  const send = createSendPush({ keys: createPushKeys(runtime), contact, services, clock });
  return { kind: 'message', handle: createPush({ ...runtime, inbox, send }) };
});
