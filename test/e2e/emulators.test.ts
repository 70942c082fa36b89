import { randomBytes } from 'node:crypto';
import { everythingInOne } from '../support/bundle.ts';
import { EMULATED, WITHOUT_EMULATORS } from '../support/emulated.ts';
import { brandedLinksContract } from './branded-links.contract.ts';

brandedLinksContract(
  'the Firestore and Pub/Sub emulators',
  (asked) =>
    everythingInOne({
      HAWKER_STORE: 'firestore',
      HAWKER_QUEUE: 'pubsub',
      GOOGLE_CLOUD_PROJECT: `e2e-${randomBytes(5).toString('hex')}`,
      FIRESTORE_EMULATOR_HOST: EMULATED.firestore,
      PUBSUB_EMULATOR_HOST: EMULATED.pubsub,
    })(asked),
  WITHOUT_EMULATORS,
);
