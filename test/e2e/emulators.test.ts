import { randomBytes } from 'node:crypto';
import { brandedLinksContract } from './branded-links.contract.ts';

const { FIRESTORE_EMULATOR_HOST, PUBSUB_EMULATOR_HOST, CI } = process.env;
const missing = !(FIRESTORE_EMULATOR_HOST && PUBSUB_EMULATOR_HOST);
if (missing && CI)
  throw new Error('CI must run the emulators: FIRESTORE_EMULATOR_HOST and PUBSUB_EMULATOR_HOST are not set');

brandedLinksContract(
  'the Firestore and Pub/Sub emulators',
  () => ({
    env: {
      HAWKER_STORE: 'firestore',
      HAWKER_QUEUE: 'pubsub',
      GOOGLE_CLOUD_PROJECT: `e2e-${randomBytes(5).toString('hex')}`,
      FIRESTORE_EMULATOR_HOST: FIRESTORE_EMULATOR_HOST ?? '',
      PUBSUB_EMULATOR_HOST: PUBSUB_EMULATOR_HOST ?? '',
    },
  }),
  missing &&
    'needs the Firestore and Pub/Sub emulators; npm test starts them from the Google Cloud SDK (FIRESTORE_EMULATOR_HOST, PUBSUB_EMULATOR_HOST)',
);
