/** What was loaded, as people and as programs read it. */
import { describeLoaded, type Publication } from '#shared/bus/publish.ts';
import { say, sayJson } from '../command/print.ts';

export function sayPublication({ version, changed, loaded, kept }: Publication, json: boolean): void {
  if (json) {
    sayJson({ version, changed, loaded, kept });
    return;
  }
  for (const list of loaded) say(describeLoaded(list));
  for (const { reason } of kept) say(`kept as it is: ${reason}`);
  say(changed ? `published as version ${version}` : `unchanged: version ${version}`);
}
