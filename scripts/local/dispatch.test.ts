import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, it } from 'node:test';
import { createForwarding } from '#shared/http/addresses.ts';
import { guardAgainstLeaks } from '#shared/testing/leak-guard.ts';
import { createDispatch, refuseConnect } from './dispatch.ts';

guardAgainstLeaks();

/** Answers who was asked. */
async function serve(trustedProxies: string[] = []) {
  const server = createServer(
    createDispatch({
      consoleHosts: new Set(['localhost', 'admin.example']),
      requestedHost: createForwarding(trustedProxies).requestedHost,
      console: (_, response) => response.end('console'),
      redirects: (_, response) => response.end('redirects'),
      images: { host: 'images.example', address: /^\/slides-images\/[\w-]+(?:\?.*)?$/ },
    }),
  );
  refuseConnect(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const send = (head: string) => {
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    socket.write(`${head}\r\nConnection: close\r\n\r\n`);
    return text(socket);
  };
  return {
    send,
    /** The last word of the answer. */
    async who(target: string, ...headers: string[]) {
      const answer = await send([`GET ${target} HTTP/1.1`, ...headers].join('\r\n'));
      return /\w+$/.exec(answer.trim())?.[0];
    },
    async [Symbol.asyncDispose]() {
      server.close();
      await once(server, 'close');
    },
  };
}

describe('who answers on the one port', () => {
  it('is told by the Host header, in any spelling', async () => {
    await using served = await serve();
    for (const host of ['localhost', 'LOCALHOST:8080', 'localhost.', 'admin.example'])
      assert.equal(await served.who('/', `Host: ${host}`), 'console', host);
    for (const host of ['go.localhost:8080', 'go.example', ''])
      assert.equal(await served.who('/', `Host: ${host}`), 'redirects', host);
  });

  it('is told by an absolute target rather than by the Host header', async () => {
    await using served = await serve();
    for (const target of [
      'http://go.localhost:8080/old',
      'HTTP://GO.example/',
      'https://go.example',
      'http://go.example?a=1',
    ])
      assert.equal(await served.who(target, 'Host: localhost'), 'redirects', target);
    assert.equal(await served.who('http://admin.example/links/', 'Host: localhost:8080'), 'console');
    assert.equal(await served.who('http://localhost:8080/', 'Host: localhost:8080'), 'console');
  });

  it('is not the console where the name that a proxy looks at is another', async () => {
    await using served = await serve(['127.0.0.1']);
    assert.equal(await served.who('http://localhost/', 'Host: images.example'), 'redirects');
    assert.equal(await served.who('http://localhost/', 'Host: localhost', 'X-Forwarded-Host: go.example'), 'redirects');
  });

  it('is the console for an image that is asked for at the public name, and for nothing else there', async () => {
    await using served = await serve();
    const at = (target: string) => served.who(target, 'Host: images.example');
    for (const target of ['/slides-images/a-1', 'http://images.example/slides-images/a-1?b'])
      assert.equal(await at(target), 'console', target);
    for (const target of ['/links/', 'http://images.example/links/', 'http://images.example/slides-images/../links/'])
      assert.equal(await at(target), 'redirects', target);
  });

  it('is nobody for a tunnel, which is refused in words', async () => {
    await using served = await serve();
    const answer = await served.send('CONNECT go.example:443 HTTP/1.1\r\nHost: go.example:443');
    assert.match(answer, /^HTTP\/1\.1 501 Not Implemented\r\n/);
  });
});
