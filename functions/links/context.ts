/** What the routes of this function share. */
import type { Runtime } from '#shared/define.ts';
import type { Api } from '#shared/http/api.ts';
import type { DomainWriter } from './domain-writer.ts';
import type { LinkWriter } from './writer.ts';

export interface Context extends Pick<Runtime, 'config' | 'store' | 'ids' | 'clock' | 'prefix'> {
  domains: DomainWriter;
  links: LinkWriter;
}

/** Adds some routes. */
export type Routes = (api: Api, context: Context) => void;
