/** The ways in which a call to Google can go wrong, and which calls a fault is meant for. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { apiError, driveError, JSON_TYPE } from './answers.ts';

export type GoogleFault =
  /** Any answer, and nothing is done; with `late status` it is done, and then answered so. */
  | ({ kind: 'status' | 'late status' } & StatusAnswer)
  /** Nothing is done or ever answered. */
  | { kind: 'hang' }
  /** It is done; nothing is ever answered. */
  | { kind: 'late hang' }
  /** The connection breaks; nothing is done. */
  | { kind: 'lose' }
  /** It is done, and the connection breaks instead of an answer. */
  | { kind: 'lost answer' }
  /** It is done, and the answer is no JSON. */
  | { kind: 'garbage' }
  /** It is done; half of the answer, then the connection breaks. */
  | { kind: 'cut' }
  /** It is done; half of the answer as if it were all. */
  | { kind: 'half' }
  /** It is done; blanks for ever, as fast as they are read. */
  | { kind: 'endless' }
  /** It is done; headers and half of the answer, then nothing. */
  | { kind: 'stall' }
  /** Waits for a test before anything is done. */
  | { kind: 'hold'; until: Promise<unknown> }
  /** It is done, and waits for a test before it is answered. */
  | { kind: 'hold answer'; until: Promise<unknown> };

/** The body is an object (JSON) or text; where there is none, one in the form of the API that was asked, with `message` and Drive's `reason`. */
export interface StatusAnswer {
  status: number;
  body?: object | string;
  message?: string;
  reason?: string;
  headers?: Record<string, string>;
  retryAfter?: string;
}

/** Which requests are meant; all where nothing is said. */
export interface Where {
  method?: string;
  /** Tried on the path without its query. */
  path?: RegExp;
  /** How many of them; without it until what `fail` returned is called. */
  times?: number;
  /** Lets that many pass first. */
  after?: number;
}

const BEFORE: ReadonlySet<string> = new Set(['status', 'hang', 'lose']);

/** What is left to do after a request was handled, with what was to be answered. */
type Spoil = (right: { status: number; headers: Record<string, string>; body: Buffer }) => unknown;

export function createFaults() {
  const all: { fault: GoogleFault; where: Where; left: number; after: number }[] = [];
  return {
    add(fault: GoogleFault & Where): () => void {
      const entry = { fault, where: fault, left: fault.times ?? Number.POSITIVE_INFINITY, after: fault.after ?? 0 };
      all.push(entry);
      return () => {
        entry.left = 0;
      };
    },
    heal(): void {
      all.length = 0;
    },
    /** The oldest fault that is meant for it. */
    take(method: string, path: string): GoogleFault | undefined {
      const found = all.find(({ where, left }) => {
        return left > 0 && (where.method ?? method) === method && (where.path?.test(path) ?? true);
      });
      if (!found) return undefined;
      if (found.after > 0) {
        found.after--;
        return undefined;
      }
      found.left--;
      return found.fault;
    },
  };
}

/** Answers true where a fault has dealt with the request altogether. */
export async function failBefore(
  fault: GoogleFault,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<boolean> {
  if (fault.kind === 'hold') await fault.until;
  if (!BEFORE.has(fault.kind)) return false;
  if (fault.kind === 'status') answerStatus(fault, request, response);
  if (fault.kind === 'lose') request.socket.resetAndDestroy();
  return true;
}

/** What takes the place of the right answer. */
export function failAfter(fault: GoogleFault, request: IncomingMessage, response: ServerResponse): Spoil | undefined {
  const { socket } = response;
  switch (fault.kind) {
    case 'late status':
      return () => answerStatus(fault, request, response);
    case 'late hang':
      return () => undefined;
    case 'lost answer':
      return () => socket?.resetAndDestroy();
    case 'garbage':
      return () => response.writeHead(200, JSON_TYPE).end('<!DOCTYPE html><title>Error 200 (OK)</title>');
    case 'cut':
      return ({ headers, body }) => {
        response.writeHead(200, { ...headers, 'content-length': String(body.length) });
        response.write(body.subarray(0, Math.ceil(body.length / 2)), () => socket?.resetAndDestroy());
      };
    case 'half':
      return ({ body }) => response.writeHead(200, JSON_TYPE).end(body.subarray(0, Math.ceil(body.length / 2)));
    case 'stall':
      return ({ headers, body }) => {
        response.writeHead(200, { ...headers, 'content-length': String(body.length) });
        response.write(body.subarray(0, Math.ceil(body.length / 2)));
      };
    case 'endless':
      return () => pour(response);
    case 'hold answer':
      return async ({ status, headers, body }) => {
        await fault.until;
        response.writeHead(status, headers).end(body);
      };
    default:
      return undefined;
  }
}

/** Catches what is answered, so that something else may be answered instead. Whoever handles the request notices nothing. */
export function catchAnswer(response: ServerResponse, spoil: Spoil): void {
  const { writeHead, write, end } = response;
  const chunks: Buffer[] = [];
  const right = { status: 200, headers: {} as Record<string, string> };
  const keep = (chunk: unknown) => {
    if (typeof chunk === 'string' || chunk instanceof Uint8Array) chunks.push(Buffer.from(chunk));
  };
  Object.assign(response, {
    writeHead(status: number, headers: Record<string, string> = {}) {
      Object.assign(right, { status, headers });
      return response;
    },
    write(chunk: unknown) {
      keep(chunk);
      return true;
    },
    end(chunk?: unknown) {
      keep(chunk);
      Object.assign(response, { writeHead, write, end });
      void spoil({ ...right, body: Buffer.concat(chunks) });
      return response;
    },
  });
}

function answerStatus(answer: StatusAnswer, request: IncomingMessage, response: ServerResponse): void {
  const { status, message = 'The service is currently unavailable.', reason = 'backendError', retryAfter } = answer;
  const usual = request.url?.startsWith('/drive/') ? driveError(status, reason, message) : apiError(status, message);
  const { body = usual, headers } = answer;
  const type = typeof body === 'string' ? { 'content-type': 'text/html' } : JSON_TYPE;
  response
    .writeHead(status, { ...type, ...(retryAfter !== undefined && { 'retry-after': retryAfter }), ...headers })
    .end(typeof body === 'string' ? body : JSON.stringify(body));
}

function pour(response: ServerResponse): void {
  response.writeHead(200, JSON_TYPE);
  const blanks = Buffer.alloc(65_536, ' ');
  const more = () => {
    while (!response.destroyed && response.write(blanks));
  };
  response.on('drain', more);
  more();
}
