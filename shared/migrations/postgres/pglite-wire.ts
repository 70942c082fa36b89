/** One client's wire to a server in this process: the handshake is answered here, everything else by the server, as bytes of PostgreSQL's protocol, version 3. */
import { Duplex } from 'node:stream';

/** Of its one backend, as PGlite itself answers `pg_backend_pid()`. */
const PID = 42;

interface WireEnds {
  /** Hands whole messages to the server. */
  ask(messages: Uint8Array): Promise<Uint8Array>;
  /** Nobody can get in. */
  full: boolean;
  /** The client has left, or was cut off while the server was still at work for it. */
  left(atWork: boolean): void;
}

const message = (kind: string, ...parts: Buffer[]) => {
  const body = Buffer.concat(parts);
  return Buffer.concat([Buffer.from(kind), int32(body.length + 4), body]);
};
const int32 = (value: number) => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
};

/** AuthenticationOk, BackendKeyData, ReadyForQuery. */
const WELCOME = Buffer.concat([
  message('R', int32(0)),
  message('K', int32(PID), int32(0)),
  message('Z', Buffer.from('I')),
]);
const FULL = message(
  'E',
  Buffer.from('SFATAL\0VFATAL\0C53300\0Msorry, too many clients already: this PostgreSQL has one backend\0\0'),
);

export function pgliteWire({ ask, full, left }: WireEnds): Duplex {
  let pending = Buffer.alloc(0);
  let greeted = false;
  let atWork = false;
  let gone = false;
  const leave = () => {
    if (!gone) left(atWork);
    gone = true;
  };
  /** The whole ones among what has come. The first has no letter before its length. */
  const take = () => {
    let end = 0;
    for (const head = greeted ? 1 : 0; pending.length >= end + head + 4; ) {
      const next = end + head + pending.readInt32BE(end + head);
      if (next > pending.length) break;
      end = next;
      if (!greeted) break;
    }
    const whole = pending.subarray(0, end);
    pending = pending.subarray(end);
    return whole;
  };
  const serve = async (): Promise<void> => {
    const whole = take();
    if (whole.length === 0) return;
    if (!greeted) {
      greeted = true;
      wire.push(full ? FULL : WELCOME);
      if (full) wire.push(null);
      return serve();
    }
    // Terminate: the server itself must not hear that, since others come after this one.
    if (full || whole.toString('latin1', 0, 1) === 'X') return;
    atWork = true;
    const answer = await ask(whole);
    atWork = false;
    if (!wire.destroyed) wire.push(answer);
  };
  const wire = new Duplex({
    read() {},
    write(chunk: Buffer, _, done) {
      pending = Buffer.concat([pending, chunk]);
      serve().then(() => done(), done);
    },
    final(done) {
      wire.push(null);
      done();
    },
    destroy(error, done) {
      leave();
      done(error);
    },
  });
  const nothing = () => wire;
  // What `pg` does with a socket.
  const connect = () => {
    setImmediate(() => wire.emit('connect'));
    return wire;
  };
  return Object.assign(wire, { connect, setNoDelay: nothing, setKeepAlive: nothing, ref: nothing, unref: nothing });
}
