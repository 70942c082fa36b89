import { withShorthands } from './index.ts';
import { createMemoryDriver } from './memory.ts';
import { storeContract } from './store.contract.ts';

storeContract({
  name: 'memory',
  open: async () => withShorthands(createMemoryDriver()),
  lossy: 'no answer crosses a network',
});
