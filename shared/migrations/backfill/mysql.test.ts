/** Runs where MYSQL_TEST_URL is set. */
import { mysqlOf } from '../mysql/rig.ts';
import { backfillContract } from './backfill.contract.ts';

const { start, skip } = mysqlOf(process.env);

backfillContract({
  name: 'MySQL',
  start,
  opening: (database) => `openMysql(target, ${JSON.stringify(database.address)}, options)`,
  keys: {
    bigint: ['9007199254740993', '9007199254740992', '9007199254740994', '-5', '9223372036854775807'],
    'varchar(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin': ["'it''s'", "'b\\\\'", "''", "'🍜'", "'a b'", "'Z'"],
    'varchar(20) CHARACTER SET latin1': ["'é'", "'e1'", "'f'", "'ß1'"],
    'char(36)': ['UUID()', 'UUID()', 'UUID()', 'UUID()', 'UUID()'],
    'varbinary(16)': ["X'00FF'", "X'00'", "X''", "X'27'"],
    'datetime(6)': ["'2026-01-01 00:00:00.000001'", "'2026-01-01 00:00:00.000002'", "'2026-01-01 00:00:00'"],
    date: ["'2026-01-01'", "'2026-01-02'", "'1999-12-31'"],
    'decimal(20, 5)': ['1.00001', '1.00002', '-7', '100000000000000.1'],
  },
  skip,
});
