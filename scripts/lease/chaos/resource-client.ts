/** A worker's connection to the protected resource. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';

export interface ResourceClient {
  /** Whether the resource accepted it. Never settles once the resource is gone, which ends the run. */
  write(token: number, identity: string): Promise<boolean>;
  close(): void;
}

export async function connectResource(port: number): Promise<ResourceClient> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  const lines = createInterface({ input: socket });
  for (const source of [socket, lines]) source.on('error', () => {});
  const waiting: ((accepted: boolean) => void)[] = [];
  lines.on('line', (line) => {
    waiting.shift()?.((JSON.parse(line) as { accepted: boolean }).accepted);
  });
  return {
    write: (token, identity) =>
      new Promise((resolve) => {
        waiting.push(resolve);
        socket.write(`${JSON.stringify({ token, identity })}\n`);
      }),
    close: () => void socket.destroy(),
  };
}
