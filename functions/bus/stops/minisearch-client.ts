/** The one file that loads MiniSearch, when somebody searches for the first time. */
export { default as MiniSearch } from 'minisearch';
