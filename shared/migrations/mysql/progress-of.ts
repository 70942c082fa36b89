/** How far the statement of a session is, as the server tells it to another connection, which is opened when somebody asks for the first time. */
import type { Wire } from '../mysql-client.ts';
import type { ServerProgress } from '../session.ts';
import type { Context } from './context.ts';

/** Of an ALTER TABLE, MariaDB tells its stages and how much of the one under way is done, in per cent. */
const MARIADB = `SELECT STATE, STAGE, MAX_STAGE, PROGRESS FROM information_schema.PROCESSLIST WHERE ID = ? AND COMMAND <> 'Sleep'`;
/** Those of MySQL have names such as stage/innodb/alter table (read PK and internal sort); who may not read them, or has them switched off, is told the state alone. */
const MYSQL = `SELECT SUBSTRING_INDEX(s.EVENT_NAME, '/', -1), s.WORK_COMPLETED, s.WORK_ESTIMATED FROM performance_schema.events_stages_current s
  JOIN performance_schema.threads t ON t.THREAD_ID = s.THREAD_ID WHERE t.PROCESSLIST_ID = ? AND s.WORK_ESTIMATED > 0`;
const STATE = `SELECT STATE FROM information_schema.PROCESSLIST WHERE ID = ? AND COMMAND <> 'Sleep'`;

export interface ProgressOf {
  /** Undefined where the server tells nothing. Never throws. */
  ask(): Promise<ServerProgress | undefined>;
  close(): void;
}

export function createProgressOf(context: Pick<Context, 'address' | 'mariadb' | 'wire'>): ProgressOf {
  let wire: Promise<Wire> | undefined;
  let closed = false;
  const open = async () => {
    const { connect } = await import('../mysql-client.ts');
    const opened = await connect(context.address, 'hawker progress', forget);
    // Closed while it was on its way: nobody else would end it.
    if (closed) opened.destroy();
    return opened;
  };
  const forget = () => {
    wire = undefined;
  };

  async function ask(): Promise<ServerProgress | undefined> {
    wire ??= open();
    const opened = await wire;
    const { id } = context.wire;
    const first = async (sql: string) => (await opened.ask(sql, [id])).rows[0] ?? [];
    if (context.mariadb) {
      const [state, stage, stages, percent] = await first(MARIADB);
      if (!state) return undefined;
      if (Number(stages) === 0) return { phase: String(state) };
      const of = Number(stages) > 1 ? ` (stage ${stage} of ${stages})` : '';
      return { phase: `${state}${of}`, done: Number(percent), total: 100 };
    }
    const [name, done, total] = await first(MYSQL).catch(() => []);
    if (name) return { phase: String(name), done: Number(done), total: Number(total) };
    const [state] = await first(STATE);
    return state ? { phase: String(state) } : undefined;
  }

  return {
    async ask() {
      if (closed) return undefined;
      try {
        return await ask();
      } catch {
        await wire?.then((one) => one.destroy()).catch(() => undefined);
        forget();
        return undefined;
      }
    },
    close() {
      closed = true;
      wire?.then((one) => one.destroy()).catch(() => undefined);
    },
  };
}
