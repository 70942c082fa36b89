/** What the rows of schedule functions have in common. */

/** What makes each firing of a schedule take effect once is kept here. */
export const FIRED = {
  leases: 'write',
  'lease-terms': 'write',
  'lease-fences': 'write',
  'lease-history': 'write',
  'schedule-firings': 'write',
} as const;
