// From a folder to www.bin: reading, packing, writing, telling.
import { readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { excluder, OptionError, parseApi, parseSize, type FaceplateOptions } from './options.js';
import { pack, type Packed } from './packer.js';
import { refuseInside, replace, type Places } from './place.js';
import { bringBack } from './stamp.js';
import { BLOCK, overBudget, report, warnings } from './report.js';
import { readTree } from './tree.js';
import { Refused } from './wasm.js';

/** Default size of a slot: the largest that there is. */
const SLOT = 1 << 20;

/** The image cannot be made; the message says why and what to do. */
export class ImageError extends Error {
  override readonly name = 'ImageError';
}

export interface Told {
  readonly packed: Packed;
  /** Line by line, what is in the image. */
  readonly report: readonly string[];
  readonly warnings: readonly string[];
}

/** Stamps the pages in `dir`, and packs it into `out`. */
export async function makeImage(places: Places, options: FaceplateOptions): Promise<Told> {
  const { dir, out, root } = places;
  const size = parseSize(options.size ?? SLOT, 'size');
  const maxSize = options.maxSize === undefined ? Infinity : parseSize(options.maxSize, 'maxSize');
  const api = parseApi(options.api);
  const gzip = options.gzip ?? 'auto';
  if (gzip !== 'auto' && gzip !== 'never') {
    throw new OptionError(`gzip: ${JSON.stringify(gzip)} is neither 'auto' nor 'never'`);
  }
  const exclude = excluder(options.exclude);
  const confirm = options.confirm ?? true;
  if (typeof confirm !== 'boolean') {
    throw new OptionError(`confirm: ${JSON.stringify(confirm)} is neither true nor false`);
  }
  const stamp = confirm ? 'confirm' : 'id';
  const version = await versionOf(options.version, root);
  const tree = readTree(dir, exclude);
  refuseInside(out, dir);
  const packed = said(`packing ${shown(dir)}`, () =>
    pack(tree.files, { size, version, api, gzip, stamp }),
  );
  if (packed.blocksUsed * BLOCK > maxSize) throw new ImageError(overBudget(packed, maxSize));
  // The image comes last: where it is, the folder holds the same.
  const unlike = bringBack(packed, dir);
  replace(out, packed.image);
  return {
    packed,
    report: report(packed, shown(out)),
    warnings: warnings(packed, tree, shown(dir), unlike),
  };
}

/** A path as people read it, seen from where they are. */
const shown = (path: string) => relative(process.cwd(), path) || '.';

/** Does `work`; a refusal says in what. */
function said<T>(what: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw error instanceof Refused ? new ImageError(`${what}: ${error.message}`) : error;
  }
}

/** The version that the user set, or that of package.json; `null` where there is none. */
async function versionOf(
  version: FaceplateOptions['version'],
  root: string,
): Promise<string | null> {
  const set = typeof version === 'function' ? await version() : version;
  if (set !== undefined) {
    if (typeof set === 'string' && set !== '') return set;
    throw new OptionError(
      `version: ${JSON.stringify(set)} is no version; write a text like '1.2.0'`,
    );
  }
  // The nearest package.json, as for everything else that is built in this folder.
  for (let folder = root; ; folder = dirname(folder)) {
    const file = join(folder, 'package.json');
    let text: string;
    try {
      text = readFileSync(file, 'utf8');
    } catch {
      if (folder === dirname(folder)) return null;
      continue;
    }
    try {
      const found: unknown = (JSON.parse(text) as { version?: unknown }).version;
      return typeof found === 'string' && found !== '' ? found : null;
    } catch {
      throw new ImageError(`${file}: not JSON, so it tells no version`);
    }
  }
}
