// The place of an image: what may be there before, what is taken away, and how the new one gets there.
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, isAbsolute, join, relative } from 'node:path';
import { OptionError } from './options.js';

/** Where things are; both paths are absolute. */
export interface Places {
  /** The folder to pack. */
  readonly dir: string;
  /** The image to write. */
  readonly out: string;
}

/** Refuses a place in the folder that is packed: the image would be packed into the next one. */
function refuseInside(out: string, dir: string): void {
  if (isInside(join(real(dirname(out)), basename(out)), real(dir))) {
    throw new OptionError(
      `${out} is inside the folder that is packed (${dir}); name another place`,
    );
  }
}

/** Whether a path is in a folder, or is the folder; both are absolute and without links. */
export function isInside(path: string, folder: string): boolean {
  const to = relative(folder, path);
  return to !== '..' && !/^\.\.[\\/]/.test(to) && !isAbsolute(to);
}

/** Refuses a place where something else is, or that is in the folder that is packed. */
export function refusePlace({ out, dir }: Places): void {
  refuseInside(out, dir);
  if (existsSync(out) && !isImage(out)) {
    throw new OptionError(
      `${out} is there, and is no frontend image; remove it, or name another place`,
    );
  }
}

/** Makes the place of an image free: takes away an older one, and nothing else. */
export function makeRoom(places: Places): void {
  refusePlace(places);
  rmSync(places.out, { force: true });
}

/** Whether a file begins as images do: the name of the file system stands behind 8 bytes. */
function isImage(path: string): boolean {
  if (!statSync(path).isFile()) return false;
  const file = openSync(path, 'r');
  try {
    const begin = Buffer.alloc(16);
    readSync(file, begin);
    return begin.toString('latin1', 8) === 'littlefs';
  } finally {
    closeSync(file);
  }
}

/** A path without links, as far as it is there. */
export function real(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    const parent = dirname(path);
    return parent === path ? path : join(real(parent), basename(path));
  }
}

/** Writes a file so that it appears whole, or not at all. */
export function replace(path: string, bytes: Uint8Array): void {
  // Hidden, so that what a power cut leaves is never packed.
  const unfinished = join(dirname(path), `.${basename(path)}.tmp`);
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(unfinished, bytes);
    renameSync(unfinished, path);
  } catch (error) {
    rmSync(unfinished, { force: true });
    throw error;
  }
}
