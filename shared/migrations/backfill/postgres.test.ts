import { serverOf, startPostgres } from '../postgres/rig.ts';
import { backfillContract } from './backfill.contract.ts';

const { address, skip } = serverOf(process.env['POSTGRES_TEST_URL'], process.env['CI'] === 'true');

backfillContract({
  name: 'PostgreSQL',
  start: () => startPostgres(address),
  opening: (database) => `openPostgres(target, ${JSON.stringify(database.address)}, options)`,
  keys: {
    bigint: ['9007199254740993', '9007199254740992', '9007199254740994', '-5', '9223372036854775807'],
    text: ["'it''s'", "'b\\'", "''", "'🍜'", "'a b'", "'Z'", "'null'"],
    uuid: ['gen_random_uuid()', 'gen_random_uuid()', 'gen_random_uuid()', 'gen_random_uuid()', 'gen_random_uuid()'],
    timestamptz: ["'2026-01-01 00:00:00.000001Z'", "'2026-01-01 00:00:00.000002Z'", "'2026-01-01 00:00:00Z'"],
    'numeric(20, 5)': ['1.00001', '1.00002', '-7', '100000000000000.1'],
    'character(4)': ["'a'", "'a b'", "'b'"],
    bytea: ["'\\x00ff'", "'\\x00'", "'\\x'"],
    'double precision': ['0.1', '0.30000000000000004', '0.3', "'Infinity'"],
  },
  skip,
});
