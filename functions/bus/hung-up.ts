/** A client that goes away while it waits is no failure of ours. */

/** nginx's own: seen in the log alone, since nobody is there to read it. */
const CLIENT_CLOSED_REQUEST = 499;

export async function unlessHungUp(
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<Response>,
): Promise<Response> {
  try {
    return await work(signal);
  } catch (error) {
    if (signal.aborted) return new Response(null, { status: CLIENT_CLOSED_REQUEST });
    throw error;
  }
}
