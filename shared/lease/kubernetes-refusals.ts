/** What it means that a cluster's API server refuses a call, or answers nothing that can be used. */
import { AppError } from '../errors.ts';
import type { Answer, ApiCall } from './kubernetes-api.ts';

/**
 * `status`: the body, a `Status` object where the API server itself has spoken; a proxy, or a path that it does not serve, answers something else.
 * https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/
 */
export function refusal(
  { verb, name }: ApiCall,
  namespace: string,
  answer: Answer,
  body: Record<string, unknown> | undefined,
): AppError {
  const status = body?.['kind'] === 'Status' ? body : undefined;
  const said = status ? String(status['message']).slice(0, 500) : `HTTP status ${answer.status}`;
  const details = status?.['details'] as { name?: unknown; kind?: unknown } | undefined;
  switch (answer.status) {
    case 404:
      // Not where the namespace is missing, or the whole kind.
      if (status?.['reason'] === 'NotFound' && details?.kind === 'leases' && details.name === name)
        return new AppError('not_found', `Kubernetes: ${said}`);
      break;
    case 409:
      return new AppError('conflict', `Kubernetes: ${said}`);
    case 400:
    case 422:
      return new AppError('invalid', `Kubernetes refuses the lease: ${said}`);
    case 401:
      return new AppError('unavailable', `Kubernetes does not accept the pod's service account token: ${said}`);
    case 403:
      return new AppError(
        'unavailable',
        `Kubernetes forbids it: the pod's service account needs a Role in the namespace "${namespace}" with the rule ${rule(verb)}: ${said}`,
      );
  }
  const detail = `cannot ${verb} leases: ${said}`;
  // Of a 503 with a Status the API server itself says that it has done nothing.
  const refused = answer.status < 500 || (answer.status === 503 && status !== undefined);
  return refused ? new AppError('unavailable', `Kubernetes: ${detail}`) : lost(verb, detail);
}

/** There was no answer that tells what became of the call. */
export function lost(verb: ApiCall['verb'], detail: string, cause?: unknown): AppError {
  const code = verb === 'get' || verb === 'list' ? 'unavailable' : 'outcome_unknown';
  return new AppError(code, `Kubernetes: ${detail}`, { cause });
}

/** As it stands in a Role. */
function rule(verb: string): string {
  return `{apiGroups: ["coordination.k8s.io"], resources: ["leases"], verbs: ["${verb}"]}`;
}
