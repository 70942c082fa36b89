/** A body as the page and the description show it; a test takes it. */
export const EXAMPLE = { command: 'up', steps: 1, lockTimeoutMs: 15_000 };
