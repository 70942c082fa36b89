/**
 * Routes, each declared once: the same schemas check what comes in and describe it in `/openapi.json`.
 *
 * A request passes these steps, and the first that refuses it answers: who calls, whether they may, path and query, the body's size, kind and
 * schema, the idempotency key, the handler.
 */
import type { Context } from 'hono';
import * as z from 'zod';
import { AppError, type ErrorCode } from '../errors.ts';
import { note } from '../telemetry/scope.ts';
import type { App, AppEnv } from './app.ts';
import { decodeText, JSON_LIMIT, parseJson, readBody } from './body.ts';
import { type Authenticate, type Caller, type Role, requireHost, requireRole } from './callers.ts';
import type { Idempotency } from './idempotency.ts';
import { isMultipart, parseMultipart } from './multipart.ts';
import { describeApi } from './openapi.ts';
import { inBody, inPath, inQuery, validate } from './validate.ts';

export interface Answer {
  about: string;
  /** Of a JSON body; none where absent and no `type` is given. It only describes, so what is large may be loaded when somebody asks for the description. */
  schema?: z.ZodType | (() => Promise<z.ZodType>);
  /** The media type of a body that is not JSON, or may be other than JSON. */
  type?: string;
  /** Response headers by name, with what they say. */
  headers?: Record<string, string>;
}

export interface RouteSpec<
  P extends z.ZodType = z.ZodType,
  Q extends z.ZodType = z.ZodType,
  B extends z.ZodType = z.ZodType,
> {
  method: 'get' | 'put' | 'post' | 'patch' | 'delete';
  /** Hono's pattern: `/v1/domains/:host`. */
  path: string;
  operationId: string;
  summary: string;
  about?: string;
  role: Role | 'anyone';
  /**
   * What callers bound to one domain get: its own things alone, by the path parameter `host`; or what the handler, which looks at `caller.host`
   * itself, gives them. They are refused where this is absent.
   */
  bound?: 'own-host' | 'handled';
  params?: P;
  query?: Q;
  /** The schema of a JSON body. A body that is absent is checked as `undefined`. */
  body?: B;
  /** Bytes of a body; JSON_LIMIT where absent. */
  maxBytes?: number;
  /** Where the JSON may also come as the part `request` of `multipart/form-data`: what the files are that the other parts hold, for the description. */
  files?: string;
  /** Takes text of any kind instead of JSON, up to this many bytes; `types` are for the description. */
  text?: { maxBytes: number; types: readonly string[] };
  answers: Record<number, Answer>;
  /** Request headers of its own, with what they say, for the description. */
  headers?: Record<string, string>;
  /** Errors of the handler's own, for the description. */
  problems?: readonly ErrorCode[];
  /** Whether If-Match is looked at. */
  ifMatch?: boolean;
  /** Whether If-None-Match is looked at. */
  ifNoneMatch?: boolean;
  /** Fields of the JSON answer that are shown once: not kept for a repetition under the same idempotency key. */
  shownOnce?: readonly string[];
}

export interface Received<P, Q, B> {
  params: P;
  query: Q;
  body: B;
  /** The body of a route that takes text; '' elsewhere. */
  text: string;
  /** Those that came with the JSON, by their names. */
  files: ReadonlyMap<string, Uint8Array>;
  /** The body as an idempotency key is bound to it: as it came, or the same for the same parts. */
  bytes: Uint8Array;
  caller: Caller;
  ifMatch: string | undefined;
  ifNoneMatch: string | undefined;
  c: Context<AppEnv>;
}

export interface ApiOptions {
  app: App;
  title: string;
  about: string;
  /** Where the app is reached from outside, without a trailing slash. */
  prefix: string;
  authenticate: Authenticate;
  idempotency: Idempotency;
}

export interface Api {
  route<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType>(
    spec: RouteSpec<P, Q, B>,
    handle: (received: Received<z.output<P>, z.output<Q>, z.output<B>>) => Promise<Response> | Response,
  ): void;
}

const ANYONE: Caller = { id: 'anyone', role: 'viewer' };
const NO_QUERY = z.strictObject({});
const NO_FILES: ReadonlyMap<string, Uint8Array> = new Map();

export function createApi(options: ApiOptions): Api {
  const { app, authenticate, idempotency } = options;
  const specs: RouteSpec[] = [];
  app.get('/openapi.json', async () => Response.json(await describeApi(specs, options)));

  return {
    route(spec, handle) {
      specs.push(spec);
      app.on(spec.method.toUpperCase(), spec.path, async (c) => {
        const { req } = c;
        const caller = spec.role === 'anyone' ? ANYONE : await authenticate(req.header('Authorization'));
        if (spec.role !== 'anyone') {
          note({ caller: caller.id });
          requireRole(caller, spec.role);
        }
        requireDecodable(new URL(req.url).pathname);
        const params = spec.params ? await validate(spec.params, req.param(), inPath) : undefined;
        if (spec.bound !== 'handled') requireHost(caller, spec.bound && (params as { host: string }).host);
        const query = await validate(spec.query ?? NO_QUERY, single(req.queries()), inQuery);
        const limit = spec.text?.maxBytes ?? (spec.body && (spec.maxBytes ?? JSON_LIMIT));
        const sent = limit === undefined ? new Uint8Array() : await readBody(req.raw, limit);
        const type = req.header('Content-Type');
        const parts = spec.files && type && isMultipart(type) ? await parseMultipart(sent, type) : undefined;
        const bytes = parts?.canonical ?? sent;
        const json = parts ? parts.json : spec.body && parseJson(sent, type ?? null);
        const received = {
          params: params as z.output<NonNullable<typeof spec.params>>,
          query: query as z.output<NonNullable<typeof spec.query>>,
          body: (spec.body && (await validate(spec.body, json, inBody))) as z.output<NonNullable<typeof spec.body>>,
          text: spec.text ? decodeText(sent) : '',
          files: parts?.files ?? NO_FILES,
          bytes,
          caller,
          ifMatch: req.header('If-Match'),
          ifNoneMatch: req.header('If-None-Match'),
          c,
        };
        if (spec.method === 'get') return handle(received);
        return idempotency(
          {
            caller: caller.id,
            key: req.header('Idempotency-Key'),
            request: req.raw,
            bytes,
            omit: spec.shownOnce ?? [],
          },
          async () => handle(received),
        );
      });
    },
  };
}

/** Hono leaves a sequence that is not UTF-8 as it is, which could not be told from the same text encoded properly. */
function requireDecodable(path: string): void {
  try {
    decodeURIComponent(path);
  } catch {
    throw new AppError('bad_request', 'The address is not percent-encoded UTF-8');
  }
}

/** A parameter given twice becomes an array, which schemas of single values refuse. */
function single(queries: Record<string, string[]>): Record<string, string | string[] | undefined> {
  return Object.fromEntries(
    Object.entries(queries).map(([name, values]) => [name, values.length > 1 ? values : values[0]]),
  );
}
