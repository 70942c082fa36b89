/** Runs where MYSQL_TEST_URL is set. */
import { mysqlOf } from './mysql/rig.ts';
import { sessionContract } from './session.contract.ts';

sessionContract({
  name: 'MySQL',
  transactional: false,
  resumes: true,
  table: {
    sql: "SELECT COLUMN_NAME, DATA_TYPE, IS_NULLABLE, COLUMN_KEY FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = 'schema_migrations' ORDER BY ORDINAL_POSITION",
    rows: [
      ['version', 'bigint', 'NO', 'PRI'],
      ['dirty', 'tinyint', 'NO', ''],
    ],
  },
  ...mysqlOf(process.env),
});
