/**
 * What is used of Slides v1 (https://developers.google.com/slides/api/reference/rest/v1/presentations): a presentation as it is read, the requests of a batch, and what
 * becomes of it. Fields that are not looked at are left out.
 */
import type { CallOptions } from './google.ts';

export interface Dimension {
  magnitude?: number;
  unit?: 'EMU' | 'PT';
}

export interface Size {
  width?: Dimension;
  height?: Dimension;
}

/** x' = scaleX x + shearX y + translateX; y' = shearY x + scaleY y + translateY. What is absent is 0. */
export interface AffineTransform {
  scaleX?: number;
  scaleY?: number;
  shearX?: number;
  shearY?: number;
  translateX?: number;
  translateY?: number;
  unit?: 'EMU' | 'PT';
}

export interface TextElement {
  startIndex?: number;
  endIndex?: number;
  textRun?: { content?: string; style?: object };
  paragraphMarker?: { style?: object };
  autoText?: { content?: string };
}

export interface Shape {
  shapeType?: string;
  text?: { textElements?: TextElement[] };
  shapeProperties?: Record<string, unknown>;
  placeholder?: object;
}

export interface PageElement {
  objectId: string;
  /** Before the transform: an element of 3,000,000 EMU is usual, whatever it looks like. */
  size?: Size;
  /** Of a group's child, relative to the group. */
  transform?: AffineTransform;
  title?: string;
  description?: string;
  shape?: Shape;
  image?: { contentUrl?: string; sourceUrl?: string; imageProperties?: Record<string, unknown> };
  elementGroup?: { children?: PageElement[] };
}

export interface Page {
  objectId: string;
  /** In z-order, the lowest first. */
  pageElements?: PageElement[];
}

export interface Presentation {
  presentationId: string;
  pageSize?: Size;
  slides?: Page[];
  /** Absent without the right to edit. */
  revisionId?: string;
}

export interface PageElementProperties {
  pageObjectId: string;
  size: Required<Size>;
  transform: Required<AffineTransform>;
}

/** One request of a batch; exactly one of the fields. */
export interface SlidesRequest {
  createImage?: { objectId: string; url: string; elementProperties: PageElementProperties };
  replaceImage?: { imageObjectId: string; url: string; imageReplaceMethod: 'CENTER_INSIDE' | 'CENTER_CROP' };
  updatePageElementAltText?: { objectId: string; title?: string; description?: string };
  updatePageElementsZOrder?: { pageElementObjectIds: string[]; operation: 'BRING_TO_FRONT' | 'SEND_TO_BACK' };
  deleteObject?: { objectId: string };
  createShape?: { objectId: string; shapeType: string; elementProperties: PageElementProperties };
  insertText?: { objectId: string; text: string; insertionIndex: number };
  updateShapeProperties?: { objectId: string; fields: string; shapeProperties: Record<string, unknown> };
  updateTextStyle?: {
    objectId: string;
    fields: string;
    style: Record<string, unknown>;
    textRange: { type: 'FIXED_RANGE'; startIndex: number; endIndex: number };
  };
  updateParagraphStyle?: {
    objectId: string;
    fields: string;
    style: Record<string, unknown>;
    textRange: { type: 'FIXED_RANGE'; startIndex: number; endIndex: number };
  };
}

/** A batch is applied whole or not at all. */
export type BatchOutcome =
  | { outcome: 'applied'; revisionId?: string }
  /** Nothing was changed. `index` names the request that is at fault, where Google tells (`Invalid requests[N]`). */
  | { outcome: 'refused'; index?: number; message: string }
  /** The revision that was required is not the deck's any more; nothing was changed. */
  | { outcome: 'other-revision' }
  /** No answer, or one that does not say: it may have been applied, may not, and may still be. */
  | { outcome: 'unknown'; reason: string };

export interface SlidesApi {
  /** Slides, their elements and the page size, without masters, layouts and notes. */
  presentation(id: string, options: CallOptions): Promise<Presentation>;
  /**
   * One write, however many requests it has. Waits for its turn among 60 writes a minute of this identity and as long as Google's `Retry-After` says, as the
   * signal allows; then throws `too_many_requests`. Never sent again after an answer that leaves its outcome open: who calls looks first.
   */
  batchUpdate(
    id: string,
    batch: { requests: readonly SlidesRequest[]; requiredRevisionId?: string },
    options: CallOptions,
  ): Promise<BatchOutcome>;
  /** The bytes behind an image's `contentUrl`, which Google hands out for half an hour. Throws `too_large` beyond `maxBytes`. */
  content(contentUrl: string, maxBytes: number, options: CallOptions): Promise<Uint8Array>;
}
