// Brings what the packer changed into the packed folder, so that folder and image are the same.
import { realpathSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Packed } from './packer.js';
import { isInside, replace } from './place.js';

/**
 * Writes the stamped pages and the confirming script into `dir`, and removes compressed companions
 * of pages as they were before. Each file is written whole or not at all, and packing again
 * mends a folder where this ended halfway. Gives the paths that were left as they are, since
 * they are in a linked folder: what is outside of `dir` may be somebody's source.
 */
export function bringBack({ changed, dropped }: Packed, dir: string): string[] {
  const left: string[] = [];
  const ours = (path: string) => {
    const inside = isInside(realpathSync(dirname(join(dir, path))), realpathSync(dir));
    if (!inside) left.push(path);
    return inside;
  };
  for (const { path, bytes } of changed) {
    if (ours(path)) replace(join(dir, path), bytes);
  }
  for (const path of dropped) if (ours(path)) rmSync(join(dir, path), { force: true });
  return left;
}
