import { everythingInOne } from '../support/bundle.ts';
import { brandedLinksContract } from './branded-links.contract.ts';
import { bundleContract } from './bundle.contract.ts';

brandedLinksContract('the embedded default', everythingInOne());
bundleContract('the embedded default', everythingInOne());
