/** What comes in and goes out over HTTP. Names and reasons are checked once more by the leases themselves. */
import * as z from 'zod';
import { pageOf, pagingQuery } from '#shared/http/paging.ts';
import { LEASE_NAME, LEASE_NAME_RULE } from '#shared/lease/name.ts';

const time = z.string().describe('RFC 3339, by the wall clock of whoever wrote it; nothing is decided by it');
const milliseconds = z.number().describe('Milliseconds');
const reason = z
  .string()
  .trim()
  .min(1, 'must have 1 to 200 characters')
  .max(200, 'must have 1 to 200 characters')
  .regex(/^\P{Cc}*$/u, 'must hold no control characters');

export const leasePath = z.strictObject({
  name: z
    .string()
    .regex(LEASE_NAME, LEASE_NAME_RULE)
    .describe('The name of the lease; a slot of a semaphore is `<name>.0` and so on'),
});

export const breakBody = z
  .strictObject({ reason: reason.describe('Why, for whoever wonders later') })
  .meta({ id: 'Break' });

export const historyQuery = z.strictObject({ limit: pagingQuery.limit });

export const leaseAnswer = z
  .object({
    name: z.string(),
    holder: z.string().optional().describe('The identity of the one who leads; absent while the lease is free'),
    term: z.int().describe('1 for the first reign; grows with each'),
    token: z.int().describe('What fences the writes of this term; greater than that of any term before'),
    since: time,
    renewals: z.int(),
    durationMs: milliseconds.describe('How long it stands without a renewal, in milliseconds'),
    note: z.string().optional().describe('What it is held for'),
    successor: z.string().optional().describe('Of a free lease: who may take it at once, while others wait'),
    broken: z.object({ reason: z.string(), by: z.string(), at: time }).optional().describe('Who took it away, and why'),
    ageMs: milliseconds
      .optional()
      .describe("For how long the record has stood unchanged, in milliseconds by the server's clock, where it tells"),
    why: z.string().describe('One line: who leads, since when, and how long others have to wait'),
  })
  .meta({ id: 'Lease' });

const contender = z
  .object({
    identity: z.string(),
    explain: z.string().describe('One line: why this contender is the leader, or is not'),
    held: z.boolean(),
    elections: z.int(),
    renewals: z.int(),
    losses: z.record(z.string(), z.int()).describe('How many terms were lost, by reason'),
    ledMs: milliseconds.describe('As leader, in milliseconds, the running term included'),
    reads: z.int().describe('Requests that read'),
    writes: z.int().describe('Requests that wrote'),
    readsPerHour: z.number(),
    writesPerHour: z.number(),
  })
  .meta({ id: 'Contender' });

export const leaseDetail = leaseAnswer
  .extend({
    here: z.array(contender).describe('The contenders for it in the process that answers, and what each has cost'),
  })
  .meta({ id: 'LeaseDetail' });

const pastTerm = z
  .object({
    token: z.int(),
    term: z.int(),
    holder: z.string(),
    since: time,
    note: z.string().optional(),
    until: time.optional().describe('Absent while it lasts, and where its holder died'),
    end: z.string().optional().describe('`released`, or why it was lost'),
    broken: z.object({ reason: z.string(), by: z.string() }).optional().describe('Who took it away, and why'),
  })
  .meta({ id: 'PastTerm' });

export const leasePage = pageOf(leaseAnswer);
export const historyAnswer = z.object({ items: z.array(pastTerm) });
