/** The ways in which an answer of LTA, or of whatever stands between, can go wrong. */
import type { ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';

export type LtaFault =
  /** Any answer: a status with headers and a body. */
  | { kind: 'answer'; status: number; headers?: Record<string, string>; body?: string | Buffer }
  /** A page for people, with status 200. */
  | { kind: 'html' }
  /** Status 200 and nothing else. */
  | { kind: 'empty' }
  /** Half of the answer, then the connection breaks. */
  | { kind: 'cut' }
  /** Says gzip and is not. */
  | { kind: 'gzip junk' }
  /** A few kilobytes that unpack to `bytes` (64 MiB) of blanks. */
  | { kind: 'gzip bomb'; bytes?: number }
  /** The request is taken, and nothing is ever answered. */
  | { kind: 'stall headers' }
  /** Headers and half of the answer in time, then a blank now and then for ever. */
  | { kind: 'stall body' }
  /** As fast as it is read, for ever. */
  | { kind: 'endless body' }
  /** The first page of a set again, whatever is to be skipped. */
  | { kind: 'endless pages' }
  /** Elsewhere, with 302 unless told otherwise. */
  | { kind: 'redirect'; to: string; status?: number }
  /** The right answer, `ms` milliseconds late. */
  | { kind: 'delay'; ms: number }
  /** The connection breaks instead of an answer. */
  | { kind: 'lose' };

const TRICKLE_MS = 10;
const MiB = 1_048_576;

/** Answers with a fault. `right` is what would have been answered. */
export function answerWrongly(fault: LtaFault, response: ServerResponse, right: string): void {
  switch (fault.kind) {
    case 'answer':
      response.writeHead(fault.status, fault.headers).end(fault.body);
      return;
    case 'html':
      response.writeHead(200, { 'content-type': 'text/html' }).end('<!DOCTYPE html><title>Maintenance</title>');
      return;
    case 'empty':
      response.writeHead(200, { 'content-length': '0' }).end();
      return;
    case 'cut':
      response.writeHead(200, { ...JSON_TYPE, 'content-length': String(Buffer.byteLength(right)) });
      response.write(half(right), () => response.destroy());
      return;
    case 'gzip junk':
      response.writeHead(200, { ...JSON_TYPE, 'content-encoding': 'gzip' }).end('this was never packed');
      return;
    case 'gzip bomb':
      response
        .writeHead(200, { ...JSON_TYPE, 'content-encoding': 'gzip' })
        .end(gzipSync(Buffer.alloc(fault.bytes ?? 64 * MiB, ' ')));
      return;
    case 'stall headers':
      return;
    case 'stall body': {
      response.writeHead(200, JSON_TYPE).write(half(right));
      const trickle = setInterval(() => response.write(' '), TRICKLE_MS);
      response.on('close', () => clearInterval(trickle));
      return;
    }
    case 'endless body': {
      response.writeHead(200, JSON_TYPE);
      const blanks = Buffer.alloc(65_536, ' ');
      const pour = () => {
        while (!response.destroyed && response.write(blanks));
      };
      response.on('drain', pour);
      pour();
      return;
    }
    case 'redirect':
      response.writeHead(fault.status ?? 302, { location: fault.to }).end();
      return;
    case 'delay': {
      const timer = setTimeout(() => response.writeHead(200, JSON_TYPE).end(right), fault.ms);
      response.on('close', () => clearTimeout(timer));
      return;
    }
    case 'lose':
      response.socket?.resetAndDestroy();
      return;
    case 'endless pages':
      response.writeHead(200, JSON_TYPE).end(right);
  }
}

export const JSON_TYPE = { 'content-type': 'application/json;charset=utf-8' };

function half(text: string): string {
  return text.slice(0, Math.ceil(text.length / 2));
}
