// Which files of a bundle are named by their content, so that browsers may keep them for good. What
// was copied from `public/`, or emitted with a name of its own, is none of them, however it looks.

/** What this needs to know of an output; the types of Rollup and Rolldown have it. */
export interface Output {
  readonly assetFileNames: unknown;
}
export interface Chunk {
  readonly type: 'chunk';
  readonly fileName: string;
  /** The name before the hash was known, with a placeholder for it. */
  readonly preliminaryFileName: string;
}
export interface Asset {
  readonly type: 'asset';
  readonly fileName: string;
  /** What it was called when it was emitted; empty when it came with a file name. */
  readonly names: readonly string[];
}

/** How a hash that is not known yet is written in a name: as long as the hash will be. */
const PLACEHOLDER = /(!~\{[\w$]+\}~)/;
/** Characters of `[hash]`, where a pattern does not say how many. */
const HASH_LENGTH = 8;
/** A hash of so many characters. What is longer or shorter is a name that somebody gave instead. */
const hash = (length: number) => `[\\w-]{${length}}`;

/** The names of those files. */
export function namedByContent(
  output: Output,
  bundle: Readonly<Record<string, Chunk | Asset>>,
): string[] {
  const files = Object.values(bundle).filter((file) =>
    file.type === 'chunk' ? isNamedChunk(file) : isNamedAsset(file, output.assetFileNames),
  );
  return files.map(({ fileName }) => fileName);
}

function isNamedChunk({ fileName, preliminaryFileName }: Chunk): boolean {
  // Every second part is a placeholder.
  const parts = preliminaryFileName.split(PLACEHOLDER);
  const expected = parts.map((part, at) => (at % 2 ? hash(part.length) : escape(part)));
  return parts.length > 1 && matches(fileName, expected.join(''));
}

/** Whether its name is what the pattern makes of what it was called. */
function isNamedAsset(asset: Asset, pattern: unknown): boolean {
  let names: unknown = pattern;
  try {
    if (typeof pattern === 'function') names = pattern(asset);
  } catch {
    return false;
  }
  if (typeof names !== 'string' || !/\[hash(?::\d+)?\]/.test(names)) return false;
  const parts = names.split(/(\[\w+(?::\d+)?\])/);
  return asset.names.some((name) => {
    const [, stem = '', extension = ''] = /^(.*?)((?:\.[^./]*)?)$/s.exec(name) ?? [];
    const known: Readonly<Record<string, string>> = {
      name: loose(stem),
      ext: escape(extension.slice(1)),
      extname: escape(extension),
    };
    const expected = parts.map((part) => {
      const [, placeholder, length] = /^\[(\w+)(?::(\d+))?\]$/.exec(part) ?? [];
      if (!placeholder) return escape(part);
      if (placeholder === 'hash') return hash(Number(length ?? HASH_LENGTH));
      return known[placeholder] ?? '.*';
    });
    return matches(asset.fileName, expected.join(''));
  });
}

const matches = (fileName: string, pattern: string) =>
  new RegExp(`^${pattern}$`, 'su').test(fileName);

const escape = (text: string) => text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');

/** A name whose characters may have been replaced where a file cannot have them. */
const loose = (text: string) =>
  text
    .replace(/[^\w.\-/]/gu, '?')
    .replace(/[.]/g, '\\.')
    .replaceAll('?', '[^/]');
