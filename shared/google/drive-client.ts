/** The one place that loads the client of Drive; reached by `await import()`. */
export { drive } from 'googleapis/build/src/apis/drive/index.js';
