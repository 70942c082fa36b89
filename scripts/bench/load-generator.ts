/**
 * `node load-generator.ts <port> <path> <seconds>`: keep-alive connections that each ask again as soon as they are answered; prints answers per second.
 * An answer ends where its headers say: after Content-Length bytes or the last chunk. One that is neither a success nor a redirect ends it.
 */
import { connect, type Socket } from 'node:net';
import { CONNECTIONS, HEADERS } from './load.ts';

const [port = '', path = '/', seconds = '1'] = process.argv.slice(2);
const request = `GET ${path} HTTP/1.1\r\n${Object.entries(HEADERS)
  .map(([name, value]) => `${name}: ${value}\r\n`)
  .join('')}\r\n`;
const END = Buffer.from('\r\n\r\n');
const LAST_CHUNK = Buffer.from('\r\n0\r\n\r\n');

let answers = 0;

function ask(): Socket {
  const socket = connect({ port: Number(port), host: '127.0.0.1', noDelay: true });
  let rest = Buffer.alloc(0);
  socket.on('connect', () => socket.write(request));
  socket.on('data', (chunk) => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    const end = endOf(rest);
    if (end === undefined || end > rest.length) return;
    rest = rest.subarray(end);
    answers++;
    socket.write(request);
  });
  return socket;
}

/** Where the first answer ends; undefined where that cannot be told yet. */
function endOf(bytes: Buffer): number | undefined {
  const body = bytes.indexOf(END) + END.length;
  if (body < END.length) return undefined;
  const head = bytes.toString('latin1', 0, body);
  const status = head.slice(9, 12);
  if (!/^(?:200|30[1278])$/.test(status)) throw new Error(`answered with ${status}`);
  if (!/^transfer-encoding: *chunked/im.test(head))
    return body + Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0);
  // The first chunk's own bytes hold no such line: the answers that are measured are JSON in one line.
  const last = bytes.indexOf(LAST_CHUNK, body);
  return last < 0 ? undefined : last + LAST_CHUNK.length;
}

const sockets = Array.from({ length: CONNECTIONS }, ask);
const started = performance.now();
setTimeout(() => {
  const took = (performance.now() - started) / 1_000;
  for (const socket of sockets) socket.destroy();
  process.stdout.write(`${answers / took}\n`);
}, Number(seconds) * 1_000);
