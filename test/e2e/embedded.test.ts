import { brandedLinksContract } from './branded-links.contract.ts';

brandedLinksContract('the embedded default', () => ({}));
