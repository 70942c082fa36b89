/** What is left of a file when all is taken out of it that is not the picture; its pixels are as they were. */
export interface Cleaned {
  /** The given ones themselves where nothing was removed. */
  bytes: Uint8Array;
  removed: boolean;
  /** Frames beside the one that stays were removed. */
  stilled: boolean;
}

/** `parts` are pieces of `bytes` in their order. */
export function cleaned(
  bytes: Uint8Array,
  parts: readonly Uint8Array[],
  found: { removed: boolean; stilled?: boolean },
): Cleaned {
  const { removed, stilled = false } = found;
  return { bytes: removed || stilled ? Buffer.concat(parts) : bytes, removed, stilled };
}
