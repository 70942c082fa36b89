/**
 * The compact form: `GET /api/lta-datamall/v1/bus-arrival?bus-stop-id=83139`, byte for byte what a small Go service used to answer, for devices that still ask so.
 *
 * An id is any five bytes after decoding; others are refused with 400. Minutes are cut off towards zero, so that a bus that should have come 90 seconds ago is -1; a bus that is
 * not told is 0, the same as one that arrives now; a service of which none is told is left out. Whoever needs more asks v2, where none of this is ambiguous.
 *
 * Decided where that service was never clear:
 * - five bytes that are not five digits, and stops that the loaded list does not have: 200 with no services, and LTA is not asked;
 * - whatever is wrong with LTA, its key or its answers: 500; that service could take an error of LTA for a quiet stop;
 * - a reply up to two minutes old is told as any other;
 * - where the lists cannot be read, LTA is asked all the same;
 * - what Node.js cannot take stays refused: bytes beyond ASCII that are not escaped, and TRACE;
 * - text is escaped as Go did up to 1.21, which wrote backspace and form feed as \u0008 and \u000c.
 */
import { ALWAYS_DEMO, demoReply } from '#shared/bus/demo.ts';
import type { Network } from '#shared/bus/lists.ts';
import { demoStops, sampleNetwork } from '#shared/bus/sample.ts';
import { isAppError, messageOf } from '#shared/errors.ts';
import type { App } from '#shared/http/app.ts';
import type { LtaService } from '#shared/lta/lta.ts';
import { note } from '#shared/telemetry/scope.ts';
import type { Context } from './context.ts';

const BASE = '/api/lta-datamall/v1';
const ID_BYTES = 5;
const MINUTE_MS = 60_000;
const PERCENT = 0x25;

export function compactRoutes(app: App, context: Pick<Context, 'lists' | 'lta' | 'clock' | 'calendar' | 'log'>): void {
  const { clock, log } = context;
  const readServices = createReader(context);

  app.all(`${BASE}/healthz`, () => plain(200, 'ok'));

  app.all(`${BASE}/bus-arrival`, async (c) => {
    const id = firstValue(queryOf(c.req.url), 'bus-stop-id');
    if (id?.length !== ID_BYTES) return plain(400, '{"status":"bad bus stop id"}');
    const code = id.toString('latin1');
    try {
      const services = /^\d{5}$/.test(code) ? await readServices(code, c.req.raw.signal) : [];
      return plain(200, `{"services":${compactServices(services, clock.now())},"bus_stop_id":${goString(id)}}`);
    } catch (error) {
      log.warn('the compact form has no answer', {
        requestId: c.get('requestId'),
        ...(isAppError(error) ? { code: error.code, error: error.cause ?? error.message } : { error }),
      });
      return plain(500, '{"status":"unable to retrieve results"}');
    }
  });
}

function createReader({ lists, lta, clock, calendar, log }: Parameters<typeof compactRoutes>[1]) {
  let sample: Network | undefined;
  const demo = (code: string) => {
    sample ??= sampleNetwork();
    return demoReply(sample, code, calendar, clock.now()).services;
  };
  return async (code: string, signal: AbortSignal): Promise<readonly LtaService[]> => {
    if (ALWAYS_DEMO.has(code)) return demo(code);
    const network = await lists.current().catch((error: unknown) => {
      log.warn('the compact form goes without lists', { error: messageOf(error) });
      return undefined;
    });
    const list = network?.sources.stops;
    if (demoStops(network).has(code)) return demo(code);
    if (network && list && list.from !== 'sample' && !network.stop(code)) return [];
    const { feed } = await lta();
    if (!feed) throw new Error('there is no LTA_ACCOUNT_KEY');
    const { snapshot, source } = await feed.read(code, signal);
    note({ source });
    return snapshot.services;
  };
}

/** In the order of LTA's reply. */
function compactServices(services: readonly LtaService[], now: number): string {
  const told = services.filter(({ slots }) => slots.some((bus) => bus !== undefined));
  if (told.length === 0) return 'null';
  const rows = told.map(({ service, slots }) => {
    const [next, next2, next3] = slots.map((bus) => (bus ? Math.trunc((bus.eta - now) / MINUTE_MS) : 0));
    return `{"service_no":${goString(Buffer.from(service))},"next_bus":${next},"next_bus_2":${next2},"next_bus_3":${next3}}`;
  });
  return `[${rows.join(',')}]`;
}

function plain(status: number, body: string): Response {
  return new Response(body, {
    status,
    headers: { 'Content-Type': 'text/plain; charset=utf-8', 'Access-Control-Allow-Origin': '*' },
  });
}

function queryOf(url: string): string {
  const at = url.indexOf('?');
  return at < 0 ? '' : url.slice(at + 1);
}

/** The bytes of the first value of a parameter, as Go's `url.ParseQuery` finds it: it drops pairs that hold a `;` or a malformed escape. */
function firstValue(query: string, name: string): Buffer | undefined {
  for (const pair of query.split('&')) {
    if (pair.includes(';')) continue;
    const at = pair.indexOf('=');
    const key = unescapeBytes(at < 0 ? pair : pair.slice(0, at));
    const value = unescapeBytes(at < 0 ? '' : pair.slice(at + 1));
    if (value && key?.toString('latin1') === name) return value;
  }
  return undefined;
}

function unescapeBytes(text: string): Buffer | undefined {
  if (/%(?![0-9a-f]{2})/i.test(text)) return undefined;
  const bytes = Buffer.from(text.replaceAll('+', ' '));
  const decoded: number[] = [];
  for (let at = 0; at < bytes.length; at++) {
    if (bytes[at] !== PERCENT) decoded.push(bytes[at] ?? 0);
    else {
      decoded.push(Number.parseInt(bytes.toString('latin1', at + 1, at + 3), 16));
      at += 2;
    }
  }
  return Buffer.from(decoded);
}

const SHORT: Record<string, string> = { '"': '\\"', '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** As Go's `encoding/json` writes a string: each byte that is no UTF-8 becomes \ufffd; what HTML or JavaScript would stumble over is escaped. */
function goString(bytes: Buffer): string {
  let text = '';
  for (let at = 0; at < bytes.length; ) {
    const size = sizeAt(bytes, at);
    text += size === undefined ? '\\ufffd' : goEscape(bytes.toString('utf8', at, at + size));
    at += size ?? 1;
  }
  return `"${text}"`;
}

/** How many bytes the character at `at` has; undefined where there is none. */
function sizeAt(bytes: Buffer, at: number): number | undefined {
  const lead = bytes[at] ?? 0;
  const size = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  const character = bytes.subarray(at, at + size);
  return Buffer.from(character.toString('utf8')).equals(character) && character.length === size ? size : undefined;
}

function goEscape(character: string): string {
  const unit = character.charCodeAt(0);
  if (unit >= 0x20 && !'"\\<>&\u2028\u2029'.includes(character)) return character;
  return SHORT[character] ?? `\\u${unit.toString(16).padStart(4, '0')}`;
}
