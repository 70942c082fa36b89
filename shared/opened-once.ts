/** Opens with the first call, and answers the same to all. What fails is not kept: a file or a connection may be there for the next who asks. */
export interface OpenedOnce<T> {
  (): Promise<T>;
  /** For who closes it: what was opened, or is being; undefined where nobody asked for it, or it failed. Never rejects. */
  opened(): Promise<T | undefined>;
}

export function openedOnce<T>(open: () => Promise<T>): OpenedOnce<T> {
  let opening: Promise<T> | undefined;
  const openOnce = () => {
    opening ??= open().catch((error: unknown) => {
      opening = undefined;
      throw error;
    });
    return opening;
  };
  return Object.assign(openOnce, { opened: async () => opening?.catch(() => undefined) });
}
