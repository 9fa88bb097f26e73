// What goes wrong when an image is made, apart from options.

/** The image cannot be made; the message says why and what to do. */
export class ImageError extends Error {
  override readonly name = 'ImageError';
}

/** There is nothing to pack yet: no folder, or none with a page at its top. */
export class NothingYet extends ImageError {}
