/**
 * An error in the forms that Google Cloud knows: where in the code it came from, and, for one that nobody foresaw, what makes Error Reporting group, count and tell it.
 * https://cloud.google.com/error-reporting/docs/formatting-error-messages, https://cloud.google.com/logging/docs/reference/v2/rest/v2/LogEntry#LogEntrySourceLocation
 */
import { isAppError } from '../errors.ts';

/** Which release of what an error is counted for. */
export interface Service {
  name: string;
  version: string | undefined;
}

const EVENT = 'type.googleapis.com/google.devtools.clouderrorreporting.v1beta1.ReportedErrorEvent';
const FRAME = /^[ \t]+at (?:(?<name>[^\n(]+) \()?(?:file:\/\/)?(?<file>[^\s()]+):(?<line>\d+):\d+\)?$/gm;

/** Whether it is nobody's answer but a fault: then somebody has to look at it. */
export function isUnexpected(error: unknown): boolean {
  return error !== undefined && (!isAppError(error) || error.code === 'internal');
}

/** Of the first frame that is not Node's own; undefined where a text has none. `line` is a text, as Cloud Logging has it. */
export function sourceLocationOf(stack: string): { file: string; line: string; function?: string } | undefined {
  for (const { groups } of stack.matchAll(FRAME)) {
    const { name, file = '', line = '' } = groups ?? {};
    if (!file.startsWith('node:')) return { file, line, ...(name && { function: name.replace(/^async /, '') }) };
  }
  return undefined;
}

/** What a line needs to be an event of Error Reporting, beside its message. */
export function reportedError(
  stack: string,
  service: Service,
  request: Readonly<Record<string, unknown>> | undefined,
): Record<string, unknown> {
  const { name, version } = service;
  return {
    '@type': EVENT,
    serviceContext: { service: name, ...(version !== undefined && { version }) },
    stack_trace: stack,
    ...(request && {
      context: {
        httpRequest: {
          method: request['requestMethod'],
          url: request['requestUrl'],
          userAgent: request['userAgent'],
          responseStatusCode: request['status'],
        },
      },
    }),
  };
}
