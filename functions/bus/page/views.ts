/** What makes the pages, as one chunk that is loaded with the first of them. */
export { directPage } from './direct-page.ts';
export { assetFile, iconFile, manifestFile, workerFile } from './files.ts';
export { homePage } from './home.ts';
export { servicePage } from './service.ts';
export { stopPage } from './stop.ts';
export { brokenPage, offlinePage } from './trouble.ts';
export { visitOf } from './visit.ts';
