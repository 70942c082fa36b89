/** Every alert, and what each looks like to Prometheus. */
import type { Alert } from './alert.ts';
import { PROCESS_ALERTS } from './alerts-processes.ts';
import { REDIRECT_ALERTS } from './alerts-redirects.ts';
import { WORK_ALERTS } from './alerts-work.ts';

export const ALERTS: readonly Alert[] = [...REDIRECT_ALERTS, ...WORK_ALERTS, ...PROCESS_ALERTS];

/** Where an alert's section stands: GitHub and GitLab make the heading's anchor so. */
export function runbookOf({ name }: Alert, runbooks: string): string {
  return `${runbooks}#${name.toLowerCase()}`;
}
