/** What Cloud SQL's connector asks of the Cloud SQL Admin API, and of the account itself. */
import type { CallOptions } from './google.ts';

export interface SqlAdminApi {
  /** One of the connector's requests, which all may be repeated: what was answered, as JSON. `instance` is for errors. */
  call(request: SqlAdminRequest, instance: string, options: CallOptions): Promise<unknown>;
  /** An access token that lets in where IAM does, and nothing else. */
  loginToken(options: CallOptions): Promise<string>;
}

export interface SqlAdminRequest {
  /** As the connector would ask it of Google. */
  url: string;
  method: string;
  /** Sent as JSON. */
  body?: unknown;
}
