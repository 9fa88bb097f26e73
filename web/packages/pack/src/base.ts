// The image that devices have, from which files keep their places.
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { OptionError } from './options.js';

/** Reads it from its path, seen from `root`; whether it is an image shows when it is packed with. */
export function readBase(base: string | undefined, root: string): Uint8Array | null {
  if (base === undefined) return null;
  try {
    return readFileSync(resolve(root, base));
  } catch (error) {
    throw new OptionError(`base: ${(error as Error).message}`);
  }
}
