/**
 * The protected resource, a process of its own: `node resource.ts <evidence file> [unfenced]`. It knows nothing of leases. All it does for its safety
 * is to remember the highest token it was shown and to refuse a lower one, which is what any resource behind a lease should do.
 *
 * One JSON object a line: {token, identity} is answered with {accepted}.
 */
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { openWitness, sharedMono } from './evidence.ts';

const [, , evidence = '', mode] = process.argv;
const witness = openWitness(evidence);
let highest = 0;

const server = createServer((socket) => {
  const lines = createInterface({ input: socket });
  // A worker that was killed; readline passes its socket's errors on.
  for (const source of [socket, lines]) source.on('error', () => {});
  lines.on('line', (line) => {
    const { token, identity } = JSON.parse(line) as { token: number; identity: string };
    const accepted = token >= highest || mode === 'unfenced';
    highest = Math.max(highest, token);
    witness.write({ kind: 'write', at: sharedMono(), token, identity, accepted });
    socket.write(`${JSON.stringify({ accepted })}\n`);
  });
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  process.send?.({ port: typeof address === 'object' ? address?.port : 0 });
});

// A terminal's Ctrl-C is for the one who started all this, who then ends everybody.
process.on('SIGINT', () => {});

/** Processes that were stopped at some time. Nobody would ever wake them if the one who started all this were killed; awake, they end by themselves. */
const frozen = new Set<number>();
process.on('message', (pid: number) => frozen.add(pid));
process.on('disconnect', () => {
  for (const pid of frozen) {
    try {
      process.kill(pid, 'SIGCONT');
    } catch {
      // It has ended.
    }
  }
  process.exit();
});
