/** The one place that loads PostgreSQL's client; reached by `await import()`. */
import pg from 'pg';

export const { Client, escapeIdentifier, escapeLiteral } = pg;
