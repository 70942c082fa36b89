/** Google on loopback: a metadata server with tokens, Slides, Drive, Storage and IAM credentials in one server, with faults. */
import type { IncomingMessage, ServerResponse } from 'node:http';

/** One API of the fake. Answers false for what is not its own. */
export interface FakePart {
  handle(request: IncomingMessage, response: ServerResponse, url: URL, body: Buffer): Promise<boolean> | boolean;
}
