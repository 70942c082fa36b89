// What arrivals are measured against: the least that node:http needs to answer JSON of about the same size, made anew for each request.
import { createServer } from 'node:http';

/** @param {number} minutes */
const bus = (minutes) => ({
  eta: new Date(minutes * 60_000).toISOString(),
  minutes,
  display: String(minutes),
  state: 'due',
  monitored: true,
  load: 'seats',
  wheelchair: true,
  deck: 'double',
  position: { lat: 1.3154918333333334, lon: 103.9059125, age: 12 },
});

createServer((_request, response) => {
  const services = Array.from({ length: 5 }, (_, n) => ({
    id: `${n}~1~1`,
    service: `${n}`,
    operator: 'SBST',
    direction: 1,
    destination: { code: '77009', name: 'Pasir Ris Int' },
    visit: 1,
    status: 'live',
    reason: 'The next bus is told from its position',
    firstBus: '05:30',
    lastBus: '23:45',
    buses: [bus(3), bus(9), bus(21)],
  }));
  const body = JSON.stringify({ stop: { code: '83139' }, services });
  response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) }).end(body);
}).listen(Number(process.env['PORT']), '127.0.0.1');
