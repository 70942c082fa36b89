import { startSqlite } from '../sqlite-rig.ts';
import { backfillContract } from './backfill.contract.ts';

backfillContract({
  name: 'SQLite',
  start: async () => startSqlite(),
  opening: (database) => `openAt(${JSON.stringify(database.path)})`,
  keys: {
    integer: ['9007199254740993', '9007199254740992', '9007199254740994', '-5', '9223372036854775807'],
    text: ["'it''s'", "'b\\'", "''", "'🍜'", "'a b'", "'Z'", "'null'", "'a' || char(0) || 'b'", "'a' || char(0)"],
    'text COLLATE NOCASE': ["'a'", "'B'", "'c'", "'D'"],
    blob: ["X'00FF'", "X'00'", "X''", '1', "'x'", '0.1'],
    real: ['0.1', '0.30000000000000004', '0.3', '1e300', '-1'],
  },
});
