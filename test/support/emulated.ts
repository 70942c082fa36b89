/** The emulators as the environment of the tests names them. */
import type { Emulated } from './bundle.ts';

const { FIRESTORE_EMULATOR_HOST: firestore, PUBSUB_EMULATOR_HOST: pubsub, CI } = process.env;
const missing = !(firestore && pubsub);
if (missing && CI)
  throw new Error('CI must run the emulators: FIRESTORE_EMULATOR_HOST and PUBSUB_EMULATOR_HOST are not set');

/** Empty where they are not there; then the tests skip. */
export const EMULATED: Emulated = { firestore: firestore ?? '', pubsub: pubsub ?? '' };

export const WITHOUT_EMULATORS: string | false =
  missing &&
  'needs the Firestore and Pub/Sub emulators; npm test starts them from the Google Cloud SDK (FIRESTORE_EMULATOR_HOST, PUBSUB_EMULATOR_HOST)';
