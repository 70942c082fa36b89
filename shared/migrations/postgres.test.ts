import { serverOf, startPostgres } from './postgres/rig.ts';
import { sessionContract } from './session.contract.ts';

const { address, skip } = serverOf(process.env['POSTGRES_TEST_URL'], process.env['CI'] === 'true');

sessionContract({
  name: 'a PostgreSQL',
  start: () => startPostgres(address),
  transactional: true,
  resumes: true,
  table: {
    sql: `select column_name, data_type, is_nullable, (select count(*) from pg_index where indrelid = 'public.schema_migrations'::regclass and indisprimary)
      from information_schema.columns where table_schema = 'public' and table_name = 'schema_migrations' order by ordinal_position`,
    rows: [
      ['version', 'bigint', 'NO', '1'],
      ['dirty', 'boolean', 'NO', '1'],
    ],
  },
  skip,
});
