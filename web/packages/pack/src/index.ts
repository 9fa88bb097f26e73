// The packer for programs: images of folders, and what is in images.
export { readBase } from './base.js';
export { ImageError, NothingYet } from './errors.js';
export { changedSince, type Fingerprint } from './fingerprint.js';
export { makeImage, recipe, shown, type Made, type Recipe } from './image.js';
export type { Naming } from './marks.js';
export {
  matcher,
  OptionError,
  type Files,
  type ImageOptions,
  type KeyPlace,
  type Size,
} from './options.js';
export {
  assets,
  attach,
  inspect,
  pack,
  statement,
  type Asset,
  type Inspected,
  type Packed,
  type PackOptions,
  type SourceFile,
} from './packer.js';
export { makeRoom, type Places } from './place.js';
export { refusePublic, sign, SigningKey, signingKey } from './sign.js';
export { bytes } from './text.js';
export { TreeError } from './tree.js';
export { Refused } from './wasm.js';
