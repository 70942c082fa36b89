/** Links to files on Google Drive, as people copy them out of a browser. */

const HOSTS = /^(?:drive|docs|drive\.usercontent)\.google\.com$/;
/** `/file/d/<id>/view`, `/a/example.com/file/u/1/d/<id>`, `/presentation/d/<id>/edit`, but not `/presentation/d/e/<id>/pub`, whose id is none of Drive's. */
const IN_PATH = /\/d\/(?!e\/)([\w-]+)/;
const FOLDER = /\/folders\/([\w-]+)/;
const ID = /^[\w-]{1,200}$/;

export function isDriveId(text: string): boolean {
  return ID.test(text);
}

/** The id of the file that a link leads to; undefined for what is no such link. */
export function driveIdOf(link: string): string | undefined {
  const url = URL.canParse(link) ? new URL(link) : undefined;
  if (!url || !/^https?:$/.test(url.protocol) || !HOSTS.test(url.hostname)) return undefined;
  // Apart from a path, all forms have it in `id`: /open, /uc, /thumbnail, /download.
  const id = IN_PATH.exec(url.pathname)?.[1] ?? FOLDER.exec(url.pathname)?.[1] ?? url.searchParams.get('id');
  return id !== null && isDriveId(id) ? id : undefined;
}

const DECK = /^\/(?:a\/[^/]+\/)?presentation\/(?:u\/\d+\/)?d\/(?!e\/)([\w-]+)/;

/** The id in the link to a presentation. */
export function presentationIdOf(link: string): string | undefined {
  const url = URL.canParse(link) ? new URL(link) : undefined;
  return url?.hostname === 'docs.google.com' ? DECK.exec(url.pathname)?.[1] : undefined;
}
