// From a folder to www.bin: reading, packing, writing, telling.
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { readBase } from './base.js';
import { ImageError, NothingYet } from './errors.js';
import { fingerprint, type Fingerprint } from './fingerprint.js';
import {
  matcher,
  OptionError,
  parseApi,
  parseSequence,
  parseSize,
  type ImageOptions,
} from './options.js';
import { marksOf, type Naming } from './marks.js';
import { BLOCK, pack, type PackOptions, type Packed } from './packer.js';
import { refusePlace, replace, type Places } from './place.js';
import { signingKey } from './sign.js';
import { bringBack } from './stamp.js';
import { changedNames, oddPatterns, overBudget, report, warnings } from './report.js';
import { readTree } from './tree.js';
import { versionOf } from './version.js';
import { Refused } from './wasm.js';

/** Why an image with the key in it is not made. */
const PUBLISHED =
  'the private key that signs is in this file. Whoever gets it could sign in your name, and the image would carry ' +
  'it into every device; keep the key out of what is built';

/** Default size of a slot. */
const SLOT = 1 << 20;

/** Options that were looked at, and the version that they give. */
export interface Recipe {
  readonly pack: PackOptions;
  /** Most bytes that the image may have. */
  readonly maxSize: number;
  /** Whether the user leaves a path out. */
  readonly exclude: (path: string) => boolean;
  /** Whether the user says that its name changes with its content. */
  readonly immutable: (path: string) => boolean;
  /** The patterns among what the user says. */
  readonly patterns: readonly string[];
  /** What named the files by their content; `null` where that is not known. */
  readonly naming: Naming | null;
}

export interface Made {
  readonly packed: Packed;
  /** Line by line, what is in the image. */
  readonly report: readonly string[];
  readonly warnings: readonly string[];
  /** What is in the folder now, and so in the image. */
  readonly folder: Fingerprint;
}

/**
 * Looks at the options; `root` is where the package.json is looked for that tells the version, and from where
 * on a key and a base are.
 */
export async function recipe(
  options: ImageOptions,
  root: string,
  naming: Naming | null = null,
): Promise<Recipe> {
  const size = parseSize(options.size ?? SLOT, 'size');
  const maxSize = options.maxSize === undefined ? Infinity : parseSize(options.maxSize, 'maxSize');
  const api = parseApi(options.api);
  const sequence = parseSequence(options.sequence);
  const sign = options.sign === undefined ? null : signingKey(options.sign, root);
  const base = readBase(options.base, root);
  const gzip = options.gzip ?? 'auto';
  if (gzip !== 'auto' && gzip !== 'never') {
    throw new OptionError(`gzip: ${JSON.stringify(gzip)} is neither 'auto' nor 'never'`);
  }
  const exclude = matcher(options.exclude, 'exclude');
  const confirm = options.confirm ?? true;
  if (typeof confirm !== 'boolean') {
    throw new OptionError(`confirm: ${JSON.stringify(confirm)} is neither true nor false`);
  }
  const stamp = confirm ? 'confirm' : 'id';
  const version = await versionOf(options.version, root);
  const immutable = matcher(options.immutable, 'immutable');
  const patterns = [options.immutable ?? []].flat().filter((one) => typeof one === 'string');
  const made = { size, version, api, sequence, base, sign, gzip, stamp } as const;
  const pack = { ...made, sveltekit: !naming };
  return { pack, maxSize, exclude, immutable, patterns, naming };
}

/** Stamps the pages in `dir`, and packs it into `out`, which is written last. */
export function makeImage(places: Places, recipe: Recipe): Made {
  const { pack: options, maxSize, exclude } = recipe;
  const { dir, out } = places;
  if (!hasIndex(dir)) throw new NothingYet(`packing ${shown(dir)}: ${nothing(dir)}`);
  const tree = readTree(dir, exclude);
  refusePlace(places);
  const shows = options.sign && tree.files.find(({ bytes }) => options.sign?.isIn(bytes));
  if (shows) throw new ImageError(`${join(shown(dir), shows.path)}: ${PUBLISHED}`);
  const { immutable, changed } = marksOf(tree.files, recipe.immutable, recipe.naming);
  const packed = said(`packing ${shown(dir)}`, () => pack(tree.files, { ...options, immutable }));
  if (packed.blocksUsed * BLOCK > maxSize) throw new ImageError(overBudget(packed, maxSize));
  // The image comes last: where it is, the folder holds the same.
  const unlike = bringBack(packed, dir);
  replace(out, packed.image);
  return {
    packed,
    report: report(packed, shown(out)),
    warnings: [
      ...warnings(packed, tree, shown(dir), unlike),
      ...oddPatterns(recipe.patterns, packed.files),
      ...changedNames(changed),
    ],
    folder: fingerprint(tree.files, packed, unlike),
  };
}

const hasIndex = (dir: string) =>
  ['index.html', 'index.html.gz'].some((name) => existsSync(join(dir, name)));

/** Why there is nothing to pack, and where it may be instead. */
function nothing(dir: string): string {
  if (!existsSync(dir)) return 'there is no such folder; build the frontend first';
  if (existsSync(join(dir, 'index.html.br'))) {
    return (
      'index.html is there only as index.html.br, but browsers accept no Brotli over plain HTTP; have the ' +
      'build write index.html itself'
    );
  }
  const inside = statSync(dir).isDirectory() ? readdirSync(dir) : [];
  const better = inside.map((name) => join(dir, name)).find(hasIndex);
  return `there is no index.html at the top${better ? `; is it ${shown(better)}?` : ''}`;
}

/** A path as people read it, seen from where they are. */
export const shown = (path: string) => relative(process.cwd(), path) || '.';

/** Does `work`; a refusal says in what. */
function said<T>(what: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw error instanceof Refused ? new ImageError(`${what}: ${error.message}`) : error;
  }
}
