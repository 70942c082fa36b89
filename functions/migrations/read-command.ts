/** From the fields of a request to a command: which of them it needs, and which it has no use for. */
import { AppError, type FieldError } from '#shared/errors.ts';
import type { Command } from '#shared/migrations/run.ts';
import type { RunBody } from './schema.ts';
import { readVersion } from './versions.ts';

export type Asked = Pick<RunBody, 'command' | 'steps' | 'version'>;
type Use = 'needed' | 'taken' | 'none';

const USES: Record<Asked['command'], { steps: Use; version: Use }> = {
  up: { steps: 'taken', version: 'none' },
  // Without a number golang-migrate asks whoever sits at the terminal whether really all is to be taken back; nobody sits here.
  down: { steps: 'needed', version: 'none' },
  goto: { steps: 'none', version: 'needed' },
  force: { steps: 'none', version: 'needed' },
  baseline: { steps: 'none', version: 'needed' },
  redo: { steps: 'none', version: 'none' },
  rebless: { steps: 'none', version: 'taken' },
};

/** `place` names a field as the request has it: `/steps` in a body, `?steps` in the query. Throws `invalid` with every offence. */
export function readCommand(asked: Asked, place: (field: string) => string): Command {
  const { command, steps } = asked;
  const errors: FieldError[] = [];
  for (const [field, use] of Object.entries(USES[command]) as ['steps' | 'version', Use][]) {
    const given = asked[field] !== undefined;
    if (use === 'needed' && !given) errors.push({ pointer: place(field), detail: `is needed by ${command}` });
    if (use === 'none' && given) errors.push({ pointer: place(field), detail: `is not for ${command}` });
  }
  const version = asked.version === undefined ? undefined : readVersion(asked.version);
  const isNone = version === undefined && (asked.version !== undefined || USES[command].version === 'needed');
  if (errors.length === 0 && isNone && command !== 'force') {
    const hint = command === 'goto' ? '; `down` leads there' : '';
    errors.push({ pointer: place('version'), detail: `-1, which is none, is for force alone${hint}` });
  }
  const [first] = errors;
  if (first) {
    const more = errors.length > 1 ? `, and ${errors.length - 1} more` : '';
    throw new AppError('invalid', `${first.pointer}: ${first.detail}${more}`, { errors });
  }
  if (command === 'up') return { command, ...(steps !== undefined && { steps }) };
  if (command === 'down') return { command, steps: steps as number };
  if (command === 'redo') return { command };
  if (command === 'rebless') return { command, ...(version !== undefined && { version }) };
  return command === 'force' ? { command, version } : { command, version: version as bigint };
}
