/** The one place that loads the client of IAM credentials; reached by `await import()`. */
export { iamcredentials } from 'googleapis/build/src/apis/iamcredentials/index.js';
