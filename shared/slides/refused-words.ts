/** What Google says of a batch that it refuses, as far as it is understood. */

const REQUEST_NAME = /^Invalid requests\[\d+\](?:\.\w+)?:\s*/;
/** Google's words for an image that it could not get. */
const NOT_FETCHED = /retriev|forbidden|publicly accessible/i;

/** The request's number says nothing to whoever asked for images. */
export function withoutRequestName(said: string): string {
  return said.replace(REQUEST_NAME, '');
}

export function saysNotFetched(message: string): boolean {
  return NOT_FETCHED.test(message);
}
