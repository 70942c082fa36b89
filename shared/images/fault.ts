/** Why an image, or what was to be one, cannot be used. */
import type { ImageErrorCode } from '../slides/outcome.ts';

/** The message is fit to be told: one sentence, without a word of what a library or another server said. */
export class ImageFault extends Error {
  override readonly name = 'ImageFault';
  readonly code: ImageErrorCode;

  constructor(code: ImageErrorCode, detail: string) {
    super(detail);
    this.code = code;
  }
}
