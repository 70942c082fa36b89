/**
 * The plan: which requests put which images where. Pure; addresses come in later, when the bytes are there. `findAims` (find-aims.ts) says what is to be made of each
 * image's pixels, `makePlan` (make-plan.ts) writes the batch once they are there.
 */
import type { PageElement, Presentation, SlidesRequest } from '../google/slides.ts';
import type { Shaping } from '../images/image.ts';
import type { Alignment, ImageAsked } from './asked.ts';
import type { Frame } from './geometry.ts';
import type { ImageError, PlacedObject } from './outcome.ts';
import type { Room } from './place.ts';

/** One way in which an image is shaped: a tag that stands in boxes of two proportions needs two. */
export interface Rendition {
  shaping: Shaping;
}

/** Where an image goes, found in the deck before its bytes are known. */
export interface Aim {
  index: number;
  /** At least one. */
  renditions: Rendition[];
  /** At least one. */
  spots: Spot[];
}

/** One place on one slide. `page` is the slide's object id, `rendition` one of the aim's. `element` is as it is in the deck, but with its absolute transform, also within groups. */
export type Spot =
  | { kind: 'page'; page: string; rendition: number; room: Room }
  /** The shape of a tag, which goes. */
  | { kind: 'shape'; page: string; rendition: number; element: PageElement; frame: Frame; align: Alignment }
  /** An image, which stays as an element and shows other bytes. `effects`: it is cropped, recoloured or the like, which is told as lost. */
  | { kind: 'image'; page: string; rendition: number; element: PageElement; effects: boolean };

/** What an image needs to be planned, once it is ready. */
export interface Ready {
  aim: Aim;
  asked: ImageAsked;
  /** One for each rendition. Pixels. */
  images: readonly { url: string; width: number; height: number }[];
}

/** One batch. */
export interface Plan {
  requests: [SlidesRequest, ...SlidesRequest[]];
  /** For each request the image it belongs to, by its index among those asked for. */
  owners: number[];
  /** By index; what each image becomes, in the order of its spots. */
  objects: Map<number, PlacedObject[]>;
}

export interface Planned {
  /** Undefined where there is nothing to do, so that no empty batch is ever sent. */
  plan: Plan | undefined;
  /** By index, those that have no place after all now that their pixels are known; the plan leaves them out. */
  refused: Map<number, ImageError>;
}

/** By index, for each of `images`. Two of them never aim at the same element: the later one is refused. */
export type FindAims = (deck: Presentation, images: readonly ImageAsked[]) => Map<number, Aim | ImageError>;
/** The same input gives the same plan, whatever the order of `ready`. `deck` is the one that the aims were found in. */
export type MakePlan = (deck: Presentation, job: string, ready: readonly Ready[]) => Planned;
