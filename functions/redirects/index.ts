/**
 * Answers branded links.
 *
 * Trigger: any request. A server of its own, since this is the path that everybody waits on.
 * Input: Host is the domain, path and query the slug and what is passed on; nothing of the body is read.
 * Store: `domains`, `domain-state` and `links`, read through a cache per instance; `link-uses` counts links with a click limit;
 *   `visitor-salts` holds the day's key. Each redirect by a link is published as one `link.hit`.
 * Idempotency: none is needed to answer; a hit gets its id here, so that whoever counts can tell a repeat.
 * Failures: without the store known links go on redirecting, unknown ones and those with a click limit answer 503.
 *
 * What keeps a hit from being lost: it is held from the answer until the queue says that it is durable, and published again until
 * then. On Cloud Run, where CPU may stop after the last byte, an answer's headers leave at once but its end waits for the queue, two
 * seconds at most. On SIGTERM the server first lets requests end, then `drain` hands on what is held before the queue closes. Only a
 * killed process, or a queue that is away for longer than memory lasts, loses hits; the latter is logged with their number.
 */
import { defineFunction } from '#shared/define.ts';
import { createRedirects } from './handler.ts';

export default defineFunction((runtime) => ({ kind: 'listener', ...createRedirects(runtime) }));
