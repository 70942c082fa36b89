/** Rules about transactions in a file for PostgreSQL. */
import type { PgScript } from '../weigh/pg-script.ts';
import type { Raised } from './finding.ts';

const BEGINS = ['TRANS_STMT_BEGIN', 'TRANS_STMT_START'];
const ENDS = ['TRANS_STMT_COMMIT', 'TRANS_STMT_ROLLBACK', 'TRANS_STMT_PREPARE'];

export function lintTransactions({ statements }: PgScript): Raised[] {
  const raised: Raised[] = [];
  let begun: number | undefined;
  let told = false;
  for (const { node, start: offset } of statements) {
    if ('IndexStmt' in node && node.IndexStmt.concurrent && (begun !== undefined || statements.length > 1))
      raised.push({
        rule: 'ban-concurrent-index-creation-in-transaction',
        offset,
        message:
          begun === undefined
            ? 'what stands with it in the file is one transaction with it for golang-migrate, and is not one transaction here'
            : 'fails: CREATE INDEX CONCURRENTLY cannot run inside a transaction block',
      });
    if (!('TransactionStmt' in node)) continue;
    const { kind = '', chain } = node.TransactionStmt;
    if (BEGINS.includes(kind)) {
      if (begun !== undefined)
        raised.push({ rule: 'transaction-nesting', offset, message: 'a transaction is under way already' });
      else if (!told) raised.push({ rule: 'own-transaction', offset, message: 'begins a transaction of its own' });
      told = true;
      begun ??= offset;
    } else if (ENDS.includes(kind)) {
      if (begun === undefined)
        raised.push({ rule: 'transaction-nesting', offset, message: 'there is no transaction to end' });
      if (!chain) begun = undefined;
    }
  }
  if (begun !== undefined)
    raised.push({
      rule: 'ban-uncommitted-transaction',
      offset: begun,
      message: 'is never committed: all of it would be rolled back',
    });
  return raised;
}
