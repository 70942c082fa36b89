/**
 * Collections whose documents carry `expireAt`, and are removed after it by a time-to-live policy on that field; never one for `leases` or
 * `lease-terms`, whose fields of that kind tell something else. README's list is checked against it, and the deployment makes the policies.
 */
export const EXPIRING: readonly string[] = [
  'visitor-salts',
  'link-visitors',
  'inbox',
  'idempotency',
  'schedule-firings',
  'lease-history',
  'outbox-keys',
  'bus-alerts',
  'bus-alerts-told',
  'slides-grants',
  'slides-fetches',
  'slides-jobs',
  'migration-runs',
  'migration-rollouts',
];
