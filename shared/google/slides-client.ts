/** The one place that loads the client of Slides; reached by `await import()`. The classes of Google's credentials come with it. */
export { auth, slides } from 'googleapis/build/src/apis/slides/index.js';
