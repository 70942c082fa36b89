/** What Cloud Run says about a service, as far as a release has to know. */
import { at, items, text } from '../deploy/answer.ts';
import type { Json } from '../deploy/resource.ts';
import { TAG } from './commands.ts';

export interface ServiceState {
  name: string;
  url: string;
  /** Whether everybody's requests come through to it: otherwise nobody outside the project gets an answer, tagged or not. */
  open: boolean;
  /** Percent of the traffic by revision. */
  shares: Record<string, number>;
  /** The address of its candidate alone; '' where it has none. */
  candidateUrl: string;
}

export function readState(answer: Json): ServiceState {
  const traffic = items(answer, 'status', 'traffic');
  const shares: Record<string, number> = {};
  for (const entry of traffic) {
    const percent = at(entry, 'percent');
    const revision = text(entry, 'revisionName');
    if (typeof percent === 'number' && percent > 0) shares[revision] = (shares[revision] ?? 0) + percent;
  }
  return {
    name: text(answer, 'metadata', 'name'),
    url: text(answer, 'status', 'url'),
    open: text(answer, 'metadata', 'annotations', 'run.googleapis.com/ingress') === 'all',
    shares,
    candidateUrl: text(traffic.find((entry) => text(entry, 'tag') === TAG) ?? null, 'url'),
  };
}
