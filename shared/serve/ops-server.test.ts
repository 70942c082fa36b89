import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, request as httpRequest } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { gauge, stopMetrics } from '../telemetry/metrics.ts';
import { createKeptLog } from '../testing/kept-log.ts';
import { StartError } from './listen.ts';
import { type OpsServer, startOpsServer } from './ops-server.ts';

const OPTIONS = { port: 0, host: '127.0.0.1', resource: { 'service.name': 'x' }, log: createKeptLog() };

interface Answer {
  status: number;
  type: string;
  allow: string | undefined;
  text: string;
}

function ask(port: number, path: string, method = 'GET', headers: Record<string, string> = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asking = httpRequest({ port, host: '127.0.0.1', path, method, headers, agent: false, timeout: 10_000 });
    asking.on('error', reject).on('timeout', () => asking.destroy(new Error('no answer')));
    asking.on('response', (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => {
        const { 'content-type': type = '', allow } = response.headers;
        resolve({ status: response.statusCode ?? 0, type, allow, text });
      });
    });
    asking.end();
  });
}

describe('the second port', () => {
  let ops: OpsServer;
  before(async () => {
    gauge('hawker.bus.watchers', () => [{ labels: {}, value: 7 }]);
    ops = await startOpsServer({
      ...OPTIONS,
      routes: {
        'GET /readyz': () => new Response('well'),
        'POST /profiles': async (request) => new Response(await request.text(), { status: 202 }),
        'GET /broken': () => Promise.reject(new Error('broken')),
      },
    });
  });
  after(async () => {
    await ops.stop(1_000);
    stopMetrics();
  });

  it('tells the metrics in the format that is asked for', async () => {
    const plain = await ask(ops.port, '/metrics');
    assert.deepEqual([plain.status, plain.type], [200, 'text/plain; version=0.0.4; charset=utf-8']);
    assert.match(plain.text, /^target_info\{service_name="x"\} 1$/m);
    assert.match(plain.text, /^hawker_bus_watchers 7$/m);
    const open = await ask(ops.port, '/metrics?x=1', 'GET', { Accept: 'application/openmetrics-text' });
    assert.equal(open.type, 'application/openmetrics-text; version=1.0.0; charset=utf-8');
    assert.ok(open.text.endsWith('# EOF\n'));
    const head = await ask(ops.port, '/metrics', 'HEAD');
    assert.deepEqual([head.status, head.text], [200, '']);
  });

  it('answers what it was given, by method and path, and nothing else', async () => {
    assert.equal((await ask(ops.port, '/readyz')).text, 'well');
    assert.deepEqual((await ask(ops.port, '/readyz', 'HEAD')).status, 200);
    assert.equal((await ask(ops.port, '/profiles', 'POST')).status, 202);
    for (const path of ['/', '/metrics/', '//metrics', '/links/v1/domains', '/__proto__', '*'])
      assert.equal((await ask(ops.port, path)).status, 404, path);
    const refused = await ask(ops.port, '/metrics', 'POST');
    assert.deepEqual([refused.status, refused.allow], [405, 'GET, HEAD']);
    const get = await ask(ops.port, '/profiles');
    assert.deepEqual([get.status, get.allow], [405, 'POST']);
  });

  it('survives what goes wrong in an answer, and what is no request', async () => {
    assert.equal((await ask(ops.port, '/broken')).status, 500);
    const socket = connect(ops.port, '127.0.0.1');
    socket.end('nonsense\r\n\r\n');
    let said = '';
    for await (const chunk of socket.setEncoding('latin1')) said += chunk;
    assert.match(said, /^HTTP\/1\.1 400 /);
    assert.equal((await ask(ops.port, '/metrics')).status, 200);
  });
});

it('says by which setting another port is chosen', async () => {
  const busy = createServer().listen(0, '127.0.0.1');
  await once(busy, 'listening');
  const { port } = busy.address() as AddressInfo;
  await using _ = busy;
  await assert.rejects(
    startOpsServer({ ...OPTIONS, port, routes: {} }),
    (error: unknown) =>
      error instanceof StartError &&
      error.message ===
        `port ${port} on 127.0.0.1 is in use by another program; set HAWKER_OPS_PORT to a free one (0 takes any)`,
  );
});
