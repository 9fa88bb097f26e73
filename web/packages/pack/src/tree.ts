// Reads the files of a built frontend, by the same rules as `faceplate pack`.
import { readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { SourceFile } from './packer.js';

/**
 * Where reading stops: no frontend for a device has so many bytes, however well they compress, but
 * a wrong folder does.
 */
export const BYTES_MAX = 256 << 20;

/** Files that operating systems leave in folders they show. */
const LITTER = ['Thumbs.db', 'desktop.ini', 'Icon\r'];

/** A folder cannot be read; the message says what to do. */
export class TreeError extends Error {
  override readonly name = 'TreeError';
}

export interface Tree {
  readonly files: readonly SourceFile[];
  /** Hidden files and folders, which are not packed. */
  readonly skipped: readonly string[];
  /** What the user left out. */
  readonly excluded: readonly string[];
}

/** Whether a name is left out: hidden (but `.well-known` is part of the web), or litter. */
export function isSkipped(name: string): boolean {
  return (name.startsWith('.') && name !== '.well-known') || LITTER.includes(name);
}

/** Reads all files below `root`. Links are followed; hidden files and those that `exclude` takes out are not read. */
export function readTree(root: string, exclude: (path: string) => boolean): Tree {
  const found = statSync(root, { throwIfNoEntry: false });
  if (!found) {
    throw new TreeError(`${root}: there is no such folder; build the frontend first`);
  }
  if (!found.isDirectory()) throw new TreeError(`${root}: not a folder`);

  const tree = { files: [] as SourceFile[], skipped: [] as string[], excluded: [] as string[] };
  let bytes = 0;
  const folder = (path: string, prefix: string, above: readonly string[]) => {
    const real = realpathSync(path);
    if (above.includes(real)) throw new TreeError(`${path}: a link to a folder that it is in`);
    // As bytes, since a name that is not UTF-8 would come as another one.
    for (const raw of readdirSync(path, { encoding: 'buffer' })) {
      const name = decode(raw, path);
      const at = join(path, name);
      const inside = prefix + name;
      if (isSkipped(name)) tree.skipped.push(inside);
      else entry(at, inside, [...above, real]);
    }
  };
  const entry = (at: string, inside: string, above: readonly string[]) => {
    const stat = statSync(at, { throwIfNoEntry: false });
    if (stat?.isDirectory()) return folder(at, `${inside}/`, above);
    // Asked about files alone: what takes all but some types would take the folders of those.
    if (exclude(inside)) return void tree.excluded.push(inside);
    if (!stat) throw new TreeError(`${at}: a link that leads nowhere`);
    if (!stat.isFile()) throw new TreeError(`${at}: neither a file nor a folder`);
    bytes += stat.size;
    if (bytes > BYTES_MAX) {
      throw new TreeError(
        `${root}: more than ${BYTES_MAX >> 20} MiB, which is no frontend for a device; is it the right folder?`,
      );
    }
    tree.files.push({ path: inside, bytes: readFileSync(at) });
  };
  folder(root, '', []);
  tree.skipped.sort();
  tree.excluded.sort();
  return tree;
}

function decode(name: Buffer, folder: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(name);
  } catch {
    throw new TreeError(`${join(folder, name.toString())}: the name is not UTF-8; rename it`);
  }
}
