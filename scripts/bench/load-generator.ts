/**
 * `node load-generator.ts <port> <path> <seconds>`: keep-alive connections that each ask again as soon as they are answered; prints answers per second.
 * It counts ends of headers and reads no body, which a redirect does not have; an answer of another status ends it.
 */
import { connect, type Socket } from 'node:net';
import { CONNECTIONS, HEADERS } from './load.ts';

const [port = '', path = '/', seconds = '1'] = process.argv.slice(2);
const request = `GET ${path} HTTP/1.1\r\n${Object.entries(HEADERS)
  .map(([name, value]) => `${name}: ${value}\r\n`)
  .join('')}\r\n`;
const END = Buffer.from('\r\n\r\n');

let answers = 0;

function ask(): Socket {
  const socket = connect({ port: Number(port), host: '127.0.0.1', noDelay: true });
  let rest = Buffer.alloc(0);
  socket.on('connect', () => socket.write(request));
  socket.on('data', (chunk) => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    const end = rest.indexOf(END);
    if (end < 0) return;
    const status = rest.toString('latin1', 9, 12);
    if (!/^30[1278]$/.test(status)) throw new Error(`answered with ${status}`);
    rest = rest.subarray(end + END.length);
    answers++;
    socket.write(request);
  });
  return socket;
}

const sockets = Array.from({ length: CONNECTIONS }, ask);
const started = performance.now();
setTimeout(() => {
  const took = (performance.now() - started) / 1_000;
  for (const socket of sockets) socket.destroy();
  process.stdout.write(`${answers / took}\n`);
}, Number(seconds) * 1_000);
