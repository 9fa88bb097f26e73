// Which files of a folder are marked as those whose names change with their content.
import { gunzipSync } from 'node:zlib';
import type { SourceFile } from './packer.js';

/**
 * What named the files by their content, as far as it did: with these bytes (`true`), or with others
 * (`false`), so that the same name may come again with other bytes. `null`: it did not name this one.
 */
export type Naming = (file: SourceFile) => boolean | null;

export interface Marks {
  readonly immutable: readonly string[];
  /** Files that something changed after they were named by their content. */
  readonly changed: readonly string[];
}

/** Whether a pattern means a file: also one that is there as `app.js.gz` alone is `app.js`. */
export const means = (matches: (path: string) => boolean, path: string): boolean =>
  matches(path) || (path.endsWith('.gz') && matches(path.slice(0, -3)));

export function marksOf(
  files: readonly SourceFile[],
  matches: (path: string) => boolean,
  naming: Naming | null,
): Marks {
  const paths = new Set(files.map(({ path }) => path));
  const marks = { immutable: [] as string[], changed: [] as string[] };
  for (const file of files) {
    const named = naming && (naming(file) ?? naming(plain(file, paths)));
    if (named || means(matches, file.path)) marks.immutable.push(file.path);
    else if (named === false) marks.changed.push(file.path);
  }
  return marks;
}

/** What a file is that is there in its compressed form alone. */
function plain(file: SourceFile, paths: ReadonlySet<string>): SourceFile {
  const path = file.path.replace(/\.gz$/, '');
  if (paths.has(path)) return file;
  try {
    return { path, bytes: gunzipSync(file.bytes) };
  } catch {
    return { path, bytes: file.bytes };
  }
}
