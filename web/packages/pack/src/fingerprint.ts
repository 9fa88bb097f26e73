// What a folder had in it when it was packed, to find out later whether it still has.
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import type { Packed, SourceFile } from './packer.js';
import { readTree } from './tree.js';

/** SHA-256 of each file by its path. */
export type Fingerprint = ReadonlyMap<string, string>;

const hash = ({ path, bytes }: SourceFile) =>
  [path, createHash('sha256').update(bytes).digest('hex')] as const;

/** That of a folder once what packing changed was brought into it, but for the paths in `kept`. */
export function fingerprint(
  files: readonly SourceFile[],
  { changed, dropped }: Packed,
  kept: readonly string[],
): Fingerprint {
  const print = new Map(files.map(hash));
  for (const file of changed) if (!kept.includes(file.path)) print.set(...hash(file));
  for (const path of dropped) if (!kept.includes(path)) print.delete(path);
  return print;
}

/** The files that are not as they were, in order; those of a folder that is gone are not asked for. */
export function changedSince(
  dir: string,
  exclude: (path: string) => boolean,
  was: Fingerprint,
): string[] {
  if (!existsSync(dir)) return [];
  const now = new Map(readTree(dir, exclude).files.map(hash));
  const paths = new Set([...was.keys(), ...now.keys()]);
  return [...paths].filter((path) => was.get(path) !== now.get(path)).sort();
}
