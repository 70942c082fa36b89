/** The routes of leave-now alerts: a browser asks to be told once when it is time to leave for a bus. */
import { again, readTold, readWaiting } from '#shared/bus/alert-records.ts';
import { ALERTS, type AlertRequest, type ToldAlert, type WaitingAlert } from '#shared/bus/alerts.ts';
import { AppError } from '#shared/errors.ts';
import type { Api } from '#shared/http/api.ts';
import { createPushKeys } from '#shared/push/keys.ts';
import { createAlertMaker } from './alert-maker.ts';
import { alertBody, alertPath } from './alert-schema.ts';
import type { Context } from './context.ts';

const answers = () => import('./alert-answers.ts');

export function alertRoutes(api: Api, context: Context): void {
  const { store, config, clock, prefix } = context;
  const keys = createPushKeys(context);
  const make = createAlertMaker(context);

  api.route(
    {
      method: 'get',
      path: '/v2/push',
      operationId: 'getPushKey',
      summary: 'The key that a browser subscribes with, to be told by alerts',
      role: 'anyone',
      answers: { 200: { about: 'The key', schema: async () => (await answers()).pushAnswer } },
    },
    async () =>
      Response.json({ publicKey: (await keys()).publicKey }, { headers: { 'Cache-Control': 'public, max-age=300' } }),
  );

  api.route(
    {
      method: 'post',
      path: '/v2/alerts',
      operationId: 'makeAlert',
      summary: 'Tells a browser once, by Web Push, when it is time to leave for a bus',
      about:
        'On the early side: looked at each minute, and told up to a minute and a half ahead. A browser that asks again for the same stop, service and row changes the alert it has.',
      role: 'anyone',
      body: alertBody({ services: config.HAWKER_PUSH_SERVICES, clock }),
      answers: {
        201: {
          about: 'The alert',
          schema: async () => (await answers()).alertMade,
          headers: { Location: 'Its address' },
        },
        200: { about: 'The alert that was there already, changed', schema: async () => (await answers()).alertMade },
      },
      problems: ['too_many_requests', 'not_configured'],
    },
    async ({ body }) => {
      const { id, alert, leave, created } = await make(body);
      const told = { id, ...shown(alert), state: 'waiting', leave };
      if (!created) return Response.json(told);
      return Response.json(told, { status: 201, headers: { Location: `${prefix}/v2/alerts/${id}` } });
    },
  );

  api.route(
    {
      method: 'get',
      path: '/v2/alerts/:id',
      operationId: 'getAlert',
      summary: 'What became of an alert, for a day after its end',
      role: 'anyone',
      params: alertPath,
      answers: { 200: { about: 'The alert', schema: async () => (await answers()).alertState } },
      problems: ['not_found'],
    },
    async ({ params: { id } }) => {
      const [waiting, told] = await Promise.all([readWaiting(store, id), readTold(store, id)]);
      // Between being told and being moved it is in both places.
      if (waiting && waiting.value.madeAt !== told?.value.madeAt) {
        const over = Date.parse(waiting.value.until) <= clock.now();
        return Response.json({ id, ...shown(waiting.value), state: over ? 'expired' : 'waiting' });
      }
      if (!told) throw new AppError('not_found', 'There is no such alert, or it ended more than a day ago');
      const { state, at, eta, reason } = told.value;
      return Response.json({ id, ...shown(told.value), state, at, eta, reason });
    },
  );

  api.route(
    {
      method: 'delete',
      path: '/v2/alerts/:id',
      operationId: 'cancelAlert',
      summary: 'Cancels an alert',
      about:
        'Answers the same where it was cancelled before, told, or never there. One that is being told at this moment may still arrive.',
      role: 'anyone',
      params: alertPath,
      answers: { 204: { about: 'It does not wait any more' } },
    },
    async ({ params: { id } }) => {
      await again(async () => {
        const waiting = await readWaiting(store, id);
        if (waiting) await store.delete(ALERTS, id, waiting.version);
      });
      return new Response(null, { status: 204 });
    },
  );
}

/** What may be shown of an alert: all but who is told. */
function shown({
  stop,
  service,
  row,
  walk,
  lead,
  until,
  lang,
}: WaitingAlert | ToldAlert): Omit<AlertRequest, 'target' | 'row'> & { row: string | null } {
  return { stop, service, row: row ?? null, walk, lead, until, lang };
}
