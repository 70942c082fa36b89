/** Slides v1 on loopback: reads a presentation, and does a batch whole or not at all, with the images really fetched. */
import type { Clock } from '../../clock.ts';
import type { PageElement } from '../../google/slides.ts';
import { systemIds } from '../../ids.ts';
import { answering, errorInfo, Refused, sendJson } from './answers.ts';
import type { FakePart } from './fake-google.ts';
import { prune, readMask } from './field-mask.ts';
import { readSchema } from './schema.ts';
import { doRequest, kindOf, type LooseRequest } from './slides-batch.ts';
import {
  copyOf,
  type Deck,
  type GivenDeck,
  makeDeck,
  onPage,
  type Picture,
  presentationOf,
  revisionOf,
  spotOf,
} from './slides-deck.ts';
import { SLIDES_ENUMS, SLIDES_INTEGERS } from './slides-enums.ts';
import { createFetcher, type Fetch, type FetchManner } from './slides-fetch.ts';
import { boxOf, seen } from './slides-geometry.ts';
import type { Bearer, Tokens } from './tokens.ts';

export interface FakeSlides extends FakePart {
  /** Answers the deck's id. */
  addDeck(deck?: GivenDeck): string;
  removeDeck(id: string): void;
  /** An element as it is kept, with the deck's only id of that name. */
  element(deck: string, objectId: string): PageElement | undefined;
  /** The ids on a slide, the lowest first; of all slides where none is named. */
  elementIds(deck: string, page?: string): string[];
  /** What is to be seen of it on its page, EMU. */
  seen(deck: string, objectId: string): ReturnType<typeof seen>;
  /** The bytes of an image. */
  imageBytes(objectId: string): Uint8Array | undefined;
  revisionOf(deck: string): string;
  /** As if somebody edited it in the browser meanwhile. */
  touch(deck: string): void;
  /** Takes the element away, as a person would. */
  removeElement(deck: string, objectId: string): void;
  /** Batches that were applied. */
  readonly batches: readonly { deck: string; requests: readonly LooseRequest[] }[];
  readonly fetches: readonly Fetch[];
  /** From now on images are fetched so. */
  behave(manner: FetchManner): void;
  /** Breaks off what is still being fetched. */
  close(): void;
}

export interface SlidesOptions {
  clock: Clock;
  tokens: Tokens;
  account: string;
  /** Where content is served: the fake's own address. */
  base: () => string;
  /** What must never happen, and did. */
  forbid: (what: string) => void;
  /** Batches of one account within a minute; the next ones are answered 429. */
  writesPerMinute?: number;
}

const READING = ['presentations', 'presentations.readonly', 'drive', 'drive.file', 'drive.readonly'];
const WRITING = ['presentations', 'drive', 'drive.file', 'drive.readonly', 'spreadsheets', 'spreadsheets.readonly'];
const PARAMETERS = new Set(['alt', 'fields', 'prettyPrint']);
const CONTENT_MS = 30 * 60_000;
const MINUTE = 60_000;
const ADDRESS_IN: Record<string, string> = { createImage: 'url', replaceImage: 'url' };

export function createSlides(options: SlidesOptions): FakeSlides {
  const { clock, tokens, account, base, forbid, writesPerMinute = Number.POSITIVE_INFINITY } = options;
  const schema = readSchema('slides/v1', {
    package: 'google.apps.slides.v1',
    enums: SLIDES_ENUMS,
    integers: SLIDES_INTEGERS,
  });
  const decks = new Map<string, Deck>();
  const contents = new Map<string, { picture: Picture; until: number }>();
  const batches: { deck: string; requests: readonly LooseRequest[] }[] = [];
  const writes = new Map<string, number[]>();
  const fetcher = createFetcher({ forbid });
  /** Batches of one deck go one after the other. */
  const turns = new Map<string, Promise<unknown>>();

  function deckOf(id: string): Deck {
    const deck = decks.get(id);
    if (!deck) throw new Error(`Slides has no presentation ${id}`);
    return deck;
  }

  function roleOf(id: string, { account: who }: Bearer): 'writer' | 'reader' {
    const deck = decks.get(id);
    if (!deck) throw new Refused(404, 'Requested entity was not found.');
    const role = deck.sharedWith.get(who);
    if (!role) throw new Refused(403, 'The caller does not have permission');
    return role;
  }

  function countWrite(who: string): void {
    const now = clock.mono();
    const recent = (writes.get(who) ?? []).filter((at) => at > now - MINUTE);
    if (recent.length >= writesPerMinute)
      throw new Refused(
        429,
        "Quota exceeded for quota metric 'Write requests' and limit 'Write requests per minute per user' of service 'slides.googleapis.com'.",
        { details: [errorInfo('RATE_LIMIT_EXCEEDED', { service: 'slides.googleapis.com' })] },
      );
    writes.set(who, [...recent, now]);
  }

  function contentUrl(picture: Picture): string {
    const name = systemIds.unique();
    contents.set(name, { picture, until: clock.mono() + CONTENT_MS });
    return `${base()}/slides-content/${name}`;
  }

  function read(id: string, bearer: Bearer): object {
    const role = roleOf(id, bearer);
    return presentationOf(deckOf(id), role, contentUrl);
  }

  async function batchUpdate(id: string, bearer: Bearer, body: Buffer): Promise<object> {
    const json = parsed(body);
    schema.check('BatchUpdatePresentationRequest', json);
    const { requests: given, writeControl } = json as {
      requests?: LooseRequest[];
      writeControl?: { requiredRevisionId?: string };
    };
    const requests = given ?? [];
    if (requests.length === 0) throw new Refused(400, 'Must specify at least one request.');
    if (roleOf(id, bearer) !== 'writer') throw new Refused(403, 'The caller does not have permission');
    countWrite(bearer.account);
    const kinds = requests.map(kindOf);
    for (const { kind, ours } of kinds) if (!ours) forbid(`a request that the fake cannot do: ${kind}`);
    const required = writeControl?.requiredRevisionId;
    requireRevision(id, required);
    const pictures = await Promise.all(requests.map((request, index) => pictureOf(request, kinds[index]?.kind)));
    // Somebody may have edited it while the images were fetched.
    requireRevision(id, required);
    const copy = copyOf(deckOf(id));
    const replies = requests.map((request, index) => {
      const { kind, ours } = kinds[index] ?? { kind: '', ours: false };
      try {
        const picture = pictures[index];
        if (picture instanceof Refused) throw picture;
        if (!ours) throw new Refused(400, 'This is not supported.');
        return doRequest(copy, request, kind, picture, schema);
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
        throw new Refused(400, `Invalid requests[${index}].${kind}: ${error.message}`);
      }
    });
    copy.revision++;
    decks.set(id, copy);
    batches.push({ deck: id, requests: structuredClone(requests) });
    return { presentationId: id, replies, writeControl: { requiredRevisionId: revisionOf(copy) } };
  }

  function requireRevision(id: string, required: string | null | undefined): void {
    if (required && required !== revisionOf(deckOf(id)))
      throw new Refused(400, `The required revision ID '${required}' does not match the latest revision.`);
  }

  async function pictureOf(request: LooseRequest, kind = ''): Promise<Picture | Refused | undefined> {
    const field = ADDRESS_IN[kind];
    if (!field) return undefined;
    try {
      return await fetcher.fetch(String(request[kind]?.[field] ?? ''));
    } catch (error) {
      if (error instanceof Refused) return error;
      throw error;
    }
  }

  function inTurn<T>(id: string, work: () => Promise<T>): Promise<T> {
    const turn = (turns.get(id) ?? Promise.resolve()).then(work, work);
    turns.set(
      id,
      turn.catch(() => undefined),
    );
    return turn;
  }

  return {
    addDeck(given = {}) {
      const id = given.id ?? `1Deck${String(decks.size + 1).padStart(39, 'y')}`;
      decks.set(id, makeDeck(given, id, account));
      return id;
    },
    removeDeck: (id) => void decks.delete(id),
    element: (id, objectId) => structuredClone(spotOf(deckOf(id), objectId)?.element),
    elementIds: (id, page) =>
      deckOf(id)
        .pages.filter(({ objectId }) => page === undefined || objectId === page)
        .flatMap(({ pageElements }) => pageElements.map(({ objectId }) => objectId)),
    seen(id, objectId) {
      const spot = spotOf(deckOf(id), objectId);
      if (!spot) throw new Error(`${id} has no element ${objectId}`);
      return seen(boxOf(spot.element), onPage(spot));
    },
    imageBytes: (objectId) => [...decks.values()].flatMap(({ pictures }) => pictures.get(objectId) ?? [])[0]?.bytes,
    revisionOf: (id) => revisionOf(deckOf(id)),
    touch: (id) => void deckOf(id).revision++,
    removeElement(id, objectId) {
      const copy = copyOf(deckOf(id));
      doRequest(copy, { deleteObject: { objectId } }, 'deleteObject', undefined, schema);
      copy.revision++;
      decks.set(id, copy);
    },
    batches,
    fetches: fetcher.fetches,
    behave: fetcher.behave,
    close: fetcher.close,
    async handle(request, response, url, body) {
      const [, content] = /^\/slides-content\/([\w-]+)$/.exec(url.pathname) ?? [];
      if (content !== undefined && request.method === 'GET') {
        const { picture, until = 0 } = contents.get(content) ?? {};
        if (!picture || until <= clock.mono()) response.writeHead(404).end();
        else response.writeHead(200, { 'content-type': picture.type }).end(picture.bytes);
        return true;
      }
      const [, name, verb] = /^\/v1\/presentations\/([^/:]+)(:batchUpdate)?$/.exec(url.pathname) ?? [];
      if (name === undefined || request.method !== (verb ? 'POST' : 'GET')) return false;
      const id = decodeURIComponent(name);
      await answering(response, 'api', async () => {
        const bearer = tokens.require(request, verb ? WRITING : READING);
        for (const key of url.searchParams.keys())
          if (!PARAMETERS.has(key))
            throw new Refused(
              400,
              `Invalid JSON payload received. Unknown name "${key}": Cannot bind query parameter.`,
            );
        const type = verb ? 'BatchUpdatePresentationResponse' : 'Presentation';
        const mask = readMask(url.searchParams.get('fields') ?? '*', schema, type);
        const whole = verb ? await inTurn(id, () => batchUpdate(id, bearer, body)) : read(id, bearer);
        sendJson(response, 200, prune(whole, mask));
      });
      return true;
    },
  };
}

function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8')) as unknown;
  } catch {
    throw new Refused(400, 'Invalid JSON payload received. Unexpected end of string.');
  }
}
