/** What is told of a lease to whoever only looks at its record. */

import { whyOf } from './explain.ts';
import type { LeaseView } from './lease.ts';
import { fenceOf, type Sighting } from './record.ts';
import type { LeaseRecords } from './records.ts';

export function viewOf(name: string, sighting: Sighting, records: Pick<LeaseRecords, 'tokenOf'>): LeaseView {
  const { holder, term, since, renewals, durationMs, note, successor, broken } = sighting.record;
  return {
    name,
    ...(holder !== '' && { holder }),
    term,
    token: records.tokenOf(fenceOf(sighting)),
    since,
    renewals,
    durationMs,
    ...(note !== undefined && { note }),
    ...(successor !== undefined && { successor }),
    ...(broken && { broken }),
    ...(sighting.ageMs !== undefined && { ageMs: sighting.ageMs }),
    why: whyOf(sighting),
  };
}
