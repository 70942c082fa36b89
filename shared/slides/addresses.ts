/** The addresses by which Google fetches what was prepared: made seconds before a write, dead when it has been answered. */
import type { Blobs } from '../blobs/blobs.ts';
import type { Config } from '../config.ts';
import { AppError } from '../errors.ts';
import { inLanes } from '../in-lanes.ts';
import type { Log } from '../log.ts';
import type { ImagesAsked } from './asked.ts';
import type { Grants, OpenGrant } from './grants.ts';
import { isPassing } from './passing.ts';
import type { Served } from './prepare.ts';

/** Of an address of Cloud Storage; its object is removed long before. */
const SIGNED_S = 300;
const AT_ONCE = 8;

/** How often Google fetched by an address, and whether nobody can any more. */
export interface Closed {
  fetches: number;
  dead: boolean;
}

export interface OpenAddresses {
  /** By rendition, `3.0`. */
  urls: Map<string, string>;
  /** By rendition; nothing of those of a bucket, which end with their objects. Never rejects. */
  close(): Promise<Map<string, Closed>>;
}

export interface Addresses {
  /** All of them or none. */
  open(served: readonly Served[]): Promise<OpenAddresses>;
  /** Addresses like those that `open` makes, by rendition, that lead to nothing. */
  pretend(served: readonly Served[]): Promise<Map<string, string>>;
  /** Whether it was made for this rendition of this job, however long ago. */
  isFor(address: string, image: string): Promise<boolean>;
}

export interface AddressOptions {
  grants: Grants;
  blobs: Blobs;
  config: Pick<Config, 'HAWKER_PUBLIC_URL' | 'cloudRun'>;
  log: Log;
}

/** Throws `not_configured` where Google could not fetch anything in this mode. */
export function openAddresses(job: string, mode: ImagesAsked['mode'], options: AddressOptions): Addresses {
  checkMode(mode, options);
  return mode === 'bucket' ? bucketAddresses(job, options) : privateAddresses(job, options);
}

function checkMode(mode: ImagesAsked['mode'], { blobs, config }: AddressOptions): void {
  if (mode === 'bucket' && !blobs.shared)
    throw new AppError('not_configured', 'HAWKER_BUCKET must be set: the mode `bucket` serves images from there');
  if (mode === 'private' && config.cloudRun && !blobs.shared)
    throw new AppError('not_configured', 'HAWKER_BUCKET must be set: the functions share no disk on Cloud Run');
  if (mode === 'private' && config.HAWKER_PUBLIC_URL === undefined)
    throw new AppError('not_configured', 'HAWKER_PUBLIC_URL must be set: Google fetches the images from there');
}

function bucketAddresses(job: string, { blobs }: AddressOptions): Addresses {
  const signed = async (served: readonly Served[]) => {
    const urls = new Map<string, string>();
    await inLanes(served, { lanes: AT_ONCE }, async ({ image, blob }) => {
      urls.set(image, await blobs.sign(blob, SIGNED_S));
    });
    return urls;
  };
  return {
    open: async (served) => ({ urls: await signed(served), close: () => Promise.resolve(new Map()) }),
    pretend: signed,
    isFor: (address, image) => Promise.resolve(isPassing(address, job, image)),
  };
}

function privateAddresses(job: string, { grants, log }: AddressOptions): Addresses {
  const grantOf = ({ image, blob, sha256, type, size, uses }: Served) => ({
    job,
    image,
    blob,
    sha256,
    type,
    size,
    uses,
  });

  async function close(id: string): Promise<Closed> {
    try {
      return { fetches: await grants.close(id), dead: true };
    } catch (error) {
      log.error('an address of an image could not be closed and ends by itself within minutes', { job, error });
      return { fetches: 0, dead: false };
    }
  }

  return {
    async open(served) {
      const opened = new Map<string, OpenGrant>();
      const closeAll = async () => {
        const closed = new Map<string, Closed>();
        await inLanes(opened, { lanes: AT_ONCE }, async ([image, { id }]) => void closed.set(image, await close(id)));
        return closed;
      };
      try {
        await inLanes(
          served,
          { lanes: AT_ONCE },
          async (one) => void opened.set(one.image, await grants.open(grantOf(one))),
        );
      } catch (error) {
        await closeAll();
        throw error;
      }
      return { urls: new Map([...opened].map(([image, { address }]) => [image, address])), close: closeAll };
    },
    async pretend(served) {
      const urls = new Map<string, string>();
      for (const one of served) urls.set(one.image, await grants.pretend(grantOf(one)));
      return urls;
    },
    isFor: (address, image) => grants.isFor(address, job, image),
  };
}
