/** What every step says beside its script, prepared once for a session: to plan these statements anew takes longer than to run them. */
import type { Context } from './context.ts';
import { asPgError, sqlStateOf } from './failure.ts';
import type { rowOf } from './step-facts.ts';
import { fenceSql, historySql, moveSql, progressSql } from './tables.ts';

const FENCE = 'hawker_fence';
const MOVE = 'hawker_move';
const HISTORY = 'hawker_history';

/** Makes them where this session has none yet. They are gone with the session, but for the one backend of PGlite, which may have another's. */
export async function prepareOnce(context: Context): Promise<void> {
  if (context.isPrepared) return;
  const { link, tables, clock } = context;
  // Written as a step would write them, with the parameters' names in place of what differs.
  const $ = (n: number) => `$${n}`;
  const raw = { ...tables, literal: (text: string) => text };
  const row = {
    ...{ version: $(1), name: $(2), direction: $(3), checksum: $(4), down: $(5), at: $(6) },
    ...{ run: $(7), by: $(8), token: $(9), bundle: $(10) },
  };
  const texts = [
    'deallocate all',
    `prepare ${FENCE} (bigint) as ${fenceSql(tables, $(1), progressSql(undefined, 0, 0, tables))}`,
    `prepare ${MOVE} (bigint, bigint) as ${moveSql(tables, [{ version: $(1), dirty: false }], { version: $(2), dirty: false })}`,
    `prepare ${HISTORY} (bigint, text, text, text, text, text, text, text, bigint, text) as ${historySql(raw, row)}`,
  ];
  const now = 'select extract(epoch from clock_timestamp()) * 1000';
  const answers = await link.run([...texts, now].join(';\n'));
  context.aheadOfServerMs = Math.round(clock.now() - Number(answers.at(-1)?.[0]?.[0]));
  context.isPrepared = true;
}

/** A script may take them away (`deallocate all`), and a pooler give the session to another server. */
export function isNotPrepared(error: unknown): boolean {
  const { message } = asPgError(error);
  return sqlStateOf(error) === '26000' && [FENCE, MOVE, HISTORY].some((name) => message.includes(name));
}

export const fenceCall = (token: number) => `execute ${FENCE} (${token})`;
export const moveCall = (from: bigint, to: bigint) => `execute ${MOVE} (${from}, ${to})`;

/** `ahead`: sent while another step runs, so that only the server knows when this one began. */
export function historyCall(
  { tables, aheadOfServerMs = 0 }: Context,
  row: ReturnType<typeof rowOf>,
  ahead: boolean,
): string {
  const text = (value: string | undefined) => (value === undefined ? 'null' : tables.literal(value));
  const { version, name, direction, checksum, down, run, by, token, bundle } = row;
  const began = `(transaction_timestamp() + interval '${aheadOfServerMs} milliseconds') at time zone 'UTC'`;
  const at = ahead ? `to_char(${began}, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')` : text(row.at);
  const texts = [...[name, direction, checksum, down].map(text), at, text(run), text(by)];
  return `execute ${HISTORY} (${version}, ${texts.join(', ')}, ${token}, ${text(bundle)})`;
}
