/** How bytes come to Cloud Storage: in one request, with their metadata. */
import type { IncomingMessage } from 'node:http';
import { Refused } from './answers.ts';

export interface Upload {
  metadata: Record<string, string>;
  bytes: Buffer;
  type: string | undefined;
}

/** The two parts of multipart/related (RFC 2387): JSON, then the bytes. */
export function readRelated(request: IncomingMessage, body: Buffer): Upload {
  const boundary = /^multipart\/related;.*\bboundary="?([^";]+)"?/i.exec(request.headers['content-type'] ?? '')?.[1];
  const bad = new Refused(400, 'Bad multipart body', { reason: 'badRequest' });
  if (!boundary) throw bad;
  const marker = Buffer.from(`\r\n--${boundary}`);
  const whole = Buffer.concat([Buffer.from('\r\n'), body]);
  const marks: number[] = [];
  for (let at = whole.indexOf(marker); at >= 0; at = whole.indexOf(marker, at + marker.length)) marks.push(at);
  const parts = marks.slice(0, -1).map((at, index) => whole.subarray(at + marker.length + 2, marks[index + 1]));
  const ended = marks.length === 3 && whole.subarray((marks[2] ?? 0) + marker.length).toString('latin1', 0, 2) === '--';
  const [json, media] = parts.map(readPart);
  if (!ended || !json || !media) throw bad;
  return {
    metadata: JSON.parse(json.content.toString()) as Record<string, string>,
    bytes: media.content,
    type: media.type,
  };
}

function readPart(part: Buffer): { type: string | undefined; content: Buffer } {
  const end = part.indexOf('\r\n\r\n');
  const type = /^content-type: *(.+)$/im.exec(part.toString('latin1', 0, end))?.[1];
  return { type, content: part.subarray(end + 4) };
}
