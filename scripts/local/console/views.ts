/** What is loaded only once somebody signed in, or signs in, looks at the console. */
import { createHash } from 'node:crypto';
import { pageResponse } from '#shared/http/page.ts';
import { createOverview, type OverviewOptions } from './overview.ts';
import { livePage, type PageParts, signInPage } from './page.ts';
import { readScriptTexts } from './script-texts.ts';
import { createStreams, type Streams, type StreamsOptions } from './streams.ts';
import { STYLE } from './style.ts';

export interface Views {
  signIn(parts: PageParts, notice?: string, status?: number): Promise<Response>;
  live(parts: PageParts): Promise<Response>;
  /** The data of the page. */
  overview(): Promise<Response>;
  streams: Streams;
  /** A script, by the version of all and its name; undefined where there is none such. */
  script(version: string, name: string): Response | undefined;
}

export function createViews(options: OverviewOptions & Pick<StreamsOptions, 'outside'>): Views {
  const overview = createOverview(options);
  const texts = readScriptTexts();
  const version = createHash('sha256').update(JSON.stringify(texts)).digest('base64url').slice(0, 12);

  return {
    signIn: (parts, notice, status) => pageResponse(signInPage(parts, notice), status, { style: STYLE }),
    async live(parts) {
      const script = `${parts.basePath}/console/assets/${version}/console.js`;
      const seen = await overview.fresh();
      return pageResponse(livePage(parts, { overview: seen, script }), 200, { style: STYLE, scripts: true });
    },
    overview: async () => Response.json(await overview.fresh()),
    streams: createStreams({ ...options.runtime, overview, outside: options.outside }),
    script(asked, name) {
      const text = asked === version ? texts[name] : undefined;
      if (text === undefined) return undefined;
      return new Response(text, {
        headers: {
          'Content-Type': 'text/javascript; charset=utf-8',
          'Cache-Control': 'public, max-age=31536000, immutable',
        },
      });
    },
  };
}
