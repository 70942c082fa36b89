/** How large tables are, as InnoDB estimates it: it may be half or twice as much. */
import { ask, type Context } from '../mysql/context.ts';
import type { TableSize } from '../session.ts';
import { partsOf } from './words.ts';

/** Names as SQL has them; those that are no tables are left out. */
export async function sizesOf(context: Context, names: readonly string[]): Promise<TableSize[]> {
  const sizes: TableSize[] = [];
  for (const name of names) {
    const parts = partsOf(name);
    const [table = '', schema = context.database] = parts.toReversed();
    const { rows } = await ask(
      context,
      "SELECT TABLE_ROWS, DATA_LENGTH + INDEX_LENGTH FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ? AND TABLE_TYPE = 'BASE TABLE'",
      [schema, table],
    );
    const [found] = rows;
    if (found) sizes.push({ table: name, rows: Number(found[0]), bytes: Number(found[1]) });
  }
  return sizes;
}
