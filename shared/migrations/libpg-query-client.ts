/** The one place that loads PostgreSQL's own parser, compiled to WebAssembly (1.7 MB); reached by `await import()`. It reads the grammar of PostgreSQL 18, which holds that of older servers. */
export { hasSqlDetails, loadModule, parseSync } from 'libpg-query';
