/** Sends one message to one browser by way of its push service (Web Push: RFC 8030, 8291, 8292). */
import type { PushTarget } from '../bus/alerts.ts';
import type { Clock } from '../clock.ts';
import { AppError } from '../errors.ts';
import { observeUpstream } from '../telemetry/upstream.ts';
import type { PushKeys } from './keys.ts';
import { pushAddress } from './push-services.ts';

export interface PushMessage {
  target: PushTarget;
  /** What the browser's service worker gets; at most 3,900 bytes of UTF-8, since push services take 4,096 with the encryption's own. */
  text: string;
  /** For how long the push service keeps it for a browser that is away, whole seconds. */
  ttl: number;
  /** Takes the place of an earlier message of this name that was not delivered yet; at most 32 characters of base64url. */
  topic: string;
}

/** `sent`: the push service has taken it. `gone`: the subscription is no more. `refused`: it will not be taken, however often it is sent. */
export type PushOutcome = { outcome: 'sent' } | { outcome: 'gone' } | { outcome: 'refused'; reason: string };

export type SendPush = (message: PushMessage, signal?: AbortSignal) => Promise<PushOutcome>;

export interface SendOptions {
  keys: () => Promise<PushKeys>;
  /** HAWKER_PUSH_CONTACT. */
  contact: string;
  /** HAWKER_PUSH_SERVICES. */
  services: readonly string[];
  clock: Clock;
}

const TIMEOUT_MS = 10_000;
/** RFC 8292, section 2: at most 24 hours. */
const SIGNED_FOR_S = 12 * 3_600;

/**
 * Throws `unavailable` where it is worth trying again: no answer within 10 seconds, 408, 429, 5xx. No error and no reason tells the endpoint or a piece of the answer.
 * Redirects are not followed, and of the answer only its status is looked at.
 */
export function createSendPush({ keys, contact, services, clock }: SendOptions): SendPush {
  return async ({ target, text, ttl, topic }, signal) => {
    const address = pushAddress(target.endpoint, services);
    if (!address) return { outcome: 'refused', reason: 'The push service is none that this server knows' };
    const [{ encrypt, getVapidHeaders }, { publicKey, privateKey }] = await Promise.all([
      import('./web-push-client.ts'),
      keys(),
    ]);
    const expires = Math.floor(clock.now() / 1000) + SIGNED_FOR_S;
    const { Authorization } = getVapidHeaders(address.origin, contact, publicKey, privateKey, 'aes128gcm', expires);
    let body: Uint8Array<ArrayBuffer>;
    try {
      body = new Uint8Array(encrypt(target.keys.p256dh, target.keys.auth, text, 'aes128gcm').cipherText);
    } catch {
      return { outcome: 'refused', reason: "The browser's keys are not valid" };
    }
    const status = await post(address, {
      method: 'POST',
      headers: {
        Authorization,
        'Content-Encoding': 'aes128gcm',
        'Content-Type': 'application/octet-stream',
        TTL: String(ttl),
        Urgency: 'high',
        Topic: topic,
      },
      body,
      redirect: 'manual',
    });
    return outcomeOf(status);

    /** Push services are told nothing of the trace. */
    function post(url: URL, request: RequestInit): Promise<number> {
      return observeUpstream({ upstream: 'push', operation: 'send', method: 'POST', url }, async (answered) => {
        const status = await postInTime(url, request);
        answered(status);
        return status;
      });
    }

    async function postInTime(url: URL, request: RequestInit): Promise<number> {
      const ended = new AbortController();
      const late = new AbortController();
      clock.sleep(TIMEOUT_MS, ended.signal).then(
        () => late.abort(),
        () => undefined,
      );
      try {
        const answer = await fetch(url, {
          ...request,
          signal: AbortSignal.any([late.signal, ...(signal ? [signal] : [])]),
        });
        // Unread, however long it is.
        await answer.body?.cancel();
        return answer.status;
      } catch (error) {
        if (signal?.aborted) throw unavailable('There was no time left to wait for the push service');
        if (late.signal.aborted) throw unavailable(`The push service did not answer within ${TIMEOUT_MS / 1000} s`);
        throw unavailable(`The push service cannot be reached (${kindOf(error)})`);
      } finally {
        ended.abort();
      }
    }
  };
}

function outcomeOf(status: number): PushOutcome {
  if (status >= 200 && status < 300) return { outcome: 'sent' };
  if (status === 404 || status === 410) return { outcome: 'gone' };
  if (status === 408 || status === 429 || status >= 500) throw unavailable(`The push service answered ${status}`);
  return { outcome: 'refused', reason: `The push service answered ${status}` };
}

function unavailable(detail: string): AppError {
  return new AppError('unavailable', detail);
}

/** Such as ECONNREFUSED. The error itself may hold the address. */
function kindOf(error: unknown): string {
  const { code } = ((error as Error).cause ?? {}) as { code?: unknown };
  return typeof code === 'string' && /^[A-Z_]{1,40}$/.test(code) ? code : 'unknown';
}
