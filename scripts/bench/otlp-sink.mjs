/** Takes whatever is sent to PORT and answers as a collector does that has taken it: what exporting costs the sender, without a collector's own work in the way. */
import { createServer } from 'node:http';

createServer((request, response) => {
  request.resume().once('end', () => response.writeHead(200, { 'Content-Type': 'application/x-protobuf' }).end());
}).listen(Number(process.env['PORT']), '127.0.0.1');
