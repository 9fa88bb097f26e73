// What is told about an image: what is in it, what is odd, and what is too large.
import { means } from './marks.js';
import { matcher } from './options.js';
import { BLOCK, type Packed, type PackedFile } from './packer.js';
import { bytes, count } from './text.js';
import type { Tree } from './tree.js';

/** How many files the report lists. */
const LISTED = 8;
/** How many files an image that is too large names. */
const NAMED = 5;
/** How many digits of the SHA-256 tell images apart. */
const DIGITS = 12;

/** The files that take most of the image, largest first. */
function largest(files: readonly PackedFile[], many: number): PackedFile[] {
  return [...files].sort((a, b) => b.stored - a.stored).slice(0, many);
}

const sum = (files: readonly PackedFile[], of: 'raw' | 'stored') =>
  files.reduce((total, file) => total + file[of], 0);

/** The report, line by line; `out` is shown as where the image is. */
export function report(packed: Packed, out: string): string[] {
  const { files, blocksUsed, blocksFree, blocksTotal } = packed;
  const shown = largest(files, LISTED);
  const width = Math.max(...shown.map(({ path }) => path.length));
  const lines = shown.map(({ path, storedAs, raw, stored, immutable }) => {
    const how = [storedAs === path ? '    ' : 'gzip', immutable ? 'immutable' : ''].join('  ');
    const sizes = `${bytes(raw).padStart(10)}  ${bytes(stored).padStart(10)}`;
    return `  ${path.padEnd(width)}  ${sizes}  ${how}`.trimEnd();
  });
  if (files.length > shown.length) {
    const rest = files.filter((file) => !shown.includes(file));
    const name = `and ${rest.length} more`;
    const sizes = [sum(rest, 'raw'), sum(rest, 'stored')].map((size) => bytes(size).padStart(10));
    lines.push(`  ${name.padEnd(width)}  ${sizes.join('  ')}`);
  }
  const free = `  ${count(blocksFree, 'block')} of these left free, so that files stay where they are in the base`;
  const percent = Math.ceil((blocksUsed * 100) / blocksTotal);
  const { version, build, sequence, signer } = packed;
  const what = [
    `version ${version}`,
    sequence > 0 && `sequence ${sequence}`,
    build !== null && `build ${build}`,
    `sha256 ${packed.sha256.slice(0, DIGITS)}…`,
    signer !== null && `signed by key ${signer}`,
  ];
  return [
    `${out}: ${what.filter(Boolean).join(', ')}`,
    ...lines,
    `  ${count(files.length, 'file')}, ${bytes(sum(files, 'raw'))}, stored in ` +
      `${bytes(sum(files, 'stored'))}; image ${bytes(blocksUsed * BLOCK)}, ` +
      `${blocksUsed} of ${blocksTotal} blocks (${percent} %)`,
    ...(blocksFree > 0 ? [free] : []),
  ];
}

/** What the user should know, though the image is made. */
export function warnings(
  packed: Packed,
  tree: Tree,
  dir: string,
  /** What the image has otherwise than the folder. */
  unlike: readonly string[],
): string[] {
  const list = (paths: readonly string[]) => paths.join(', ');
  const skipped = [...tree.skipped, ...packed.skipped];
  return [
    ...(skipped.length > 0 ? [`left out (hidden): ${list(skipped)}`] : []),
    ...packed.hidden.map(
      (path) => `${path} will not be seen at its address: the device answers there itself`,
    ),
    ...packed.missing.map((path) => `index.html asks for ${path}, which is not in ${dir}`),
    ...packed.warnings,
    ...packed.unstamped.map((path) => `${path} has no build id, so it cannot confirm this build`),
    ...packed.silenced.map(
      (path) =>
        `the Content-Security-Policy in ${path} keeps it from asking the device, so it cannot confirm ` +
        "this build; add connect-src 'self'",
    ),
    ...unlike.map(
      (path) => `${path} is in a linked folder: it has its build id in the image alone`,
    ),
  ];
}

/** What is odd about the patterns of files whose names change with their content. */
export function oddPatterns(
  patterns: readonly string[],
  files: readonly Pick<PackedFile, 'path' | 'immutable'>[],
): string[] {
  return patterns.flatMap((pattern) => {
    const matches = matcher(pattern, 'immutable');
    const meant = files.filter(({ path }) => means(matches, path));
    if (meant.length === 0) return [`immutable: ${pattern} matches no file`];
    const same = meant.filter(({ immutable }) => !immutable).map(({ path }) => path);
    if (same.length === 0) return [];
    return [
      `immutable: ${pattern} matches ${same.join(', ')}, which has the same name in every build: not marked`,
    ];
  });
}

/** What is lost where something changed files after they were named by their content. */
export function changedNames(paths: readonly string[]): string[] {
  if (paths.length === 0) return [];
  const more = paths.length - NAMED;
  const shown = paths.slice(0, NAMED).join(', ') + (more > 0 ? ` and ${more} more` : '');
  return [
    `${shown}: changed after the build had named it by its content, so browsers ask for it again each time; ` +
      'change it earlier (in renderChunk), or name it in `immutable` if its name changes all the same',
  ];
}

/** Why an image is over its budget. */
export function overBudget(packed: Packed, maxSize: number): string {
  const size = packed.blocksUsed * BLOCK;
  const named = largest(packed.files, NAMED).map(
    ({ storedAs, stored }) => `${storedAs} (${Math.ceil(stored / 1024)} KiB)`,
  );
  return (
    `the image has ${bytes(size)}, ${bytes(size - maxSize)} more than maxSize allows. ` +
    `The largest as stored: ${named.join(', ')}`
  );
}
