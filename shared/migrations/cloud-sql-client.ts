/** The one place that loads Cloud SQL's connector; reached by `await import()`. */
export { AuthTypes, Connector, IpAddressTypes } from '@google-cloud/cloud-sql-connector';
