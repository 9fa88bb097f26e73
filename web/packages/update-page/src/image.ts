// Reads what an image says of itself, before anything is sent.

/** What the first blocks of an image tell. */
export interface ImageFacts {
  readonly bytes: number;
  /** From the manifest; `null` for an image without one (such as mklittlefs makes). */
  readonly version: string | null;
  /** Lowest and highest firmware API; `null` without a manifest. */
  readonly api: { readonly min: number; readonly max: number } | null;
}

/** The file is no frontend image; the message says why in words for people. */
export declare class NotAnImage extends Error {}

/** Reads the superblock and the manifest; throws `NotAnImage`. */
export declare function readImage(file: Blob): Promise<ImageFacts>;
