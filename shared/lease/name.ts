/** What a lease may be called: the same everywhere, so that whoever is told a name can look it up in any driver. */
export const LEASE_NAME = /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,198}[A-Za-z0-9])?$/;
export const LEASE_NAME_RULE =
  'must be 1 to 200 letters, digits, "-", "_" or ".", beginning and ending with a letter or digit';
