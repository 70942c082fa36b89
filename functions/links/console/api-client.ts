/** The console's way to the data: the same API that everybody uses, with the visitor's own key, so that no rule exists twice. */
export interface ApiReply<T> {
  ok: boolean;
  status: number;
  body: T;
  /** What went wrong, in words for the page; '' where nothing did. */
  trouble: string;
}

export interface ApiClient {
  call<T>(
    method: string,
    path: string,
    body?: object | string,
    conditions?: Record<string, string>,
  ): Promise<ApiReply<T>>;
}

interface Problem {
  title?: string;
  detail?: string;
  errors?: { pointer: string; detail: string }[];
}

/** `fetch` is the app itself: nothing leaves the process. */
export function createApiClient(fetch: (request: Request) => Response | Promise<Response>, key: string): ApiClient {
  return {
    async call<T>(method: string, path: string, body?: object | string, conditions?: Record<string, string>) {
      const headers = new Headers({ ...conditions, Authorization: `Bearer ${key}` });
      if (body !== undefined) headers.set('Content-Type', typeof body === 'string' ? 'text/plain' : 'application/json');
      const text = typeof body === 'object' ? JSON.stringify(body) : body;
      const response = await fetch(
        new Request(new URL(path, 'http://console.invalid'), {
          method,
          headers,
          ...(text !== undefined && { body: text }),
        }),
      );
      const answer = await response.text();
      const parsed: unknown = answer === '' ? {} : JSON.parse(answer);
      return {
        ok: response.ok,
        status: response.status,
        body: parsed as T,
        trouble: response.ok ? '' : inWords(parsed as Problem),
      };
    },
  };
}

function inWords({ title = 'It did not work', detail, errors = [] }: Problem): string {
  const fields = errors.map((error) => `${error.pointer.replace(/^[/?{]|\}$/g, '')} ${error.detail}`);
  return fields.length > 0 ? `${title}: ${fields.join('; ')}` : [title, detail].filter(Boolean).join(': ');
}
