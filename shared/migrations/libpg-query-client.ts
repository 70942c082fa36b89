/** The one place that loads PostgreSQL's own parser, compiled to WebAssembly (1.7 MB); reached by `await import()`. It reads the grammar of PostgreSQL 18, which holds that of older servers. */
import { setFlagsFromString } from 'node:v8';

// V8 would optimise the grammar's one huge function in the background, which takes 600 MB for a moment and makes nothing faster that is noticed here. The flags are read with each function's first call, so they stay.
setFlagsFromString('--no-wasm-tier-up --no-wasm-dynamic-tiering');

export { hasSqlDetails, loadModule, parseSync } from 'libpg-query';
