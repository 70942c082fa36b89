/** Reads a stream as a browser's EventSource does, for tests: https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation */

export interface ReadEvent {
  id: string;
  event: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into any event
  data: any;
}

export interface EventReader {
  response: Response;
  /** The next event, past comments; undefined where the stream has ended. */
  next(): Promise<ReadEvent | undefined>;
  /** Of the last event that had one. */
  lastId(): string;
  /** In milliseconds, as the stream has asked for. */
  retry(): number | undefined;
  /** Comments so far. */
  comments: string[];
  /** Hangs up. */
  close(): Promise<void>;
}

export function readEvents(response: Response): EventReader {
  if (!response.body) throw new Error('an answer without a body');
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  const comments: string[] = [];
  let text = '';
  let lastId = '';
  let retry: number | undefined;

  const block = async (): Promise<string | undefined> => {
    for (;;) {
      const end = text.indexOf('\n\n');
      if (end >= 0) {
        const found = text.slice(0, end);
        text = text.slice(end + 2);
        return found;
      }
      const { done, value } = await reader.read();
      if (done) return undefined;
      text += value;
    }
  };

  return {
    response,
    async next() {
      for (;;) {
        const lines = (await block())?.split('\n');
        if (!lines) return undefined;
        let event = 'message';
        let data = '';
        for (const line of lines) {
          const [, field = '', value = ''] = /^([^:]*):? ?(.*)$/s.exec(line) ?? [];
          if (field === '') comments.push(value);
          if (field === 'id') lastId = value;
          if (field === 'retry') retry = Number(value);
          if (field === 'event') event = value;
          if (field === 'data') data += value;
        }
        if (data !== '') return { id: lastId, event, data: JSON.parse(data) };
      }
    },
    lastId: () => lastId,
    retry: () => retry,
    comments,
    close: () => reader.cancel(),
  };
}
