/** A rehearsal of files that a test gives. */
import { systemClock } from '../../clock.ts';
import { systemIds } from '../../ids.ts';
import { bundleOf } from '../bundle.ts';
import type { Target } from '../target.ts';
import { type RehearseGiven, rehearse } from './rehearse.ts';

/** Its own database is nowhere: whoever asks for it fails. */
export const targetOf = (kind: Target['kind'], more: Partial<Target> = {}): Target => ({
  ...{ name: 'shop', kind, address: { from: 'variable', name: 'HAWKER_NOT_SET' }, folder: '/nowhere' },
  ...{ table: 'schema_migrations', labels: {}, lockTimeoutMs: 3_000, statementTimeoutMs: 0, ...more },
});

export function rehearseFiles(
  target: Target,
  files: Readonly<Record<string, string>>,
  more: Partial<Pick<RehearseGiven, 'signal' | 'env'>> = {},
) {
  const google = () => Promise.reject(new Error('nobody asks Google'));
  const signal = AbortSignal.timeout(60_000);
  return rehearse(target, { clock: systemClock, ids: systemIds, google, bundle: bundleOf(files), signal, ...more });
}

/** `{'1 a': [up, down]}` as files; a down that is undefined has none. */
export function pairs(given: Readonly<Record<string, readonly [up: string, down?: string]>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(given).flatMap(([called, [up, down]]) => {
      const stem = called.replace(' ', '_');
      return [[`${stem}.up.sql`, up], ...(down === undefined ? [] : [[`${stem}.down.sql`, down]])];
    }),
  ) as Record<string, string>;
}
