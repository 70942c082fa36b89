// What redirects are measured against: the least that node:http needs to answer a redirect. Plain JavaScript, so that no type stripping slows its start.
import { createServer } from 'node:http';

createServer((_request, response) => {
  response.writeHead(302, { Location: 'https://example.com/handbook', 'Content-Length': 0 }).end();
}).listen(Number(process.env['PORT']), '127.0.0.1');
