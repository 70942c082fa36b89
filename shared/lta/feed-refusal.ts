/** What the feed throws: why nothing can be told, in words for whoever runs it and whoever waits for a bus. */
import { AppError, isAppError } from '../errors.ts';
import { type FeedRefusal, type FeedTrouble, STALE_MS } from './lta.ts';

export type Trouble = NonNullable<FeedRefusal['feedTrouble']>;

/** `waitMs`: until LTA may be asked again. Retry-After counts in whole seconds, at least one. */
export function refusal(trouble: Trouble, waitMs: number): FeedRefusal {
  const seconds = Math.max(1, Math.ceil(waitMs / 1_000));
  const detail = `${wordsOf(trouble)}, and no answer of the last ${STALE_MS / 1_000} seconds is known; the next attempt can be made in ${seconds} s`;
  const error = new AppError('unavailable', detail, { headers: { 'Retry-After': String(seconds) } });
  return Object.assign(error, { feedTrouble: trouble });
}

/** Why the feed refused; undefined for any other error. */
export function feedTroubleOf(error: unknown): Trouble | undefined {
  return isAppError(error, 'unavailable') ? (error as FeedRefusal).feedTrouble : undefined;
}

const WORDS: Record<Exclude<FeedTrouble, 'bad_status'>, string> = {
  key_refused:
    'LTA DataMall refuses the key (LTA_ACCOUNT_KEY): either it is not valid, or LTA has an outage, which has looked like this as well',
  rate_limited: 'LTA DataMall says that it is asked too often',
  not_found: 'LTA DataMall answered 404: either it has moved (LTA_BASE_URL), or it does not know this stop',
  bad_body: 'LTA DataMall answered with something that cannot be read as arrivals',
  too_large: 'LTA DataMall answered with more than a list of arrivals can be',
  redirected:
    'LTA DataMall redirects to another address (LTA_BASE_URL), which is not followed since the key would go along',
  timeout: 'LTA DataMall did not answer in time',
  unreachable: 'LTA DataMall cannot be reached',
  budget:
    'The calls to LTA DataMall that the settings allow in a minute (LTA_CALLS_PER_MINUTE) are used up for the moment',
  slow: 'LTA DataMall has not answered yet',
};

function wordsOf({ reason, httpStatus }: Trouble): string {
  if (reason !== 'bad_status') return WORDS[reason];
  return httpStatus === undefined
    ? 'LTA DataMall answered with an error'
    : `LTA DataMall answered with an error (${httpStatus})`;
}
