// What a user can set, and how it is understood.
import picomatch from 'picomatch';

/** Bytes, or a number with a unit like `1MiB` or `512K` (1024 each). */
export type Size = number | string;

/** A glob over paths in the build, such as `**\/*.map`, a regular expression or a function. */
export type Files = string | RegExp | ((path: string) => boolean);

/**
 * Where a private key is (Ed25519, PEM): the path of a file, or the name of a variable of the environment that
 * holds its text.
 */
export type KeyPlace = { readonly key: string } | { readonly env: string };

/** How an image is made; all are optional. */
export interface ImageOptions {
  /**
   * What people call this frontend, at most 64 bytes. Default: `version` of the project's
   * package.json; digits of a hash over the content where that has none.
   */
  readonly version?: string | (() => string | Promise<string>);
  /** Size of the device's frontend partitions, 8 KiB to nearly 32 MiB. Default: `1MiB`. */
  readonly size?: Size;
  /** Refuses an image that is larger. Default: no limit but `size`. */
  readonly maxSize?: Size;
  /** Whether text is stored compressed where that is smaller. Default: `auto`. */
  readonly gzip?: 'auto' | 'never';
  /** Files to leave out. Paths have `/` on every system and none in front. */
  readonly exclude?: Files | readonly Files[];
  /**
   * Files whose names change with their content, such as `assets/**`: browsers keep them without
   * asking again. A pattern for `app.js` also means a file that is there as `app.js.gz` alone. Default:
   * none but what is in `_app/immutable/` (SvelteKit).
   */
  readonly immutable?: Files | readonly Files[];
  /** Firmware API that the frontend works with, or the lowest and the highest. Default: this release's. */
  readonly api?: number | readonly [number, number];
  /**
   * How new this frontend is: a whole number, higher than that of the one before. Devices that want no step back refuse
   * lower ones than they have confirmed. Default: 0, nobody counts.
   */
  readonly sequence?: number;
  /**
   * The image that devices have, by its path: files of it stay at their places in the new one, as far as they have
   * room there, so that an update has less to send. Default: files lie one behind the other.
   */
  readonly base?: string;
  /** The private key that signs the image. Default: it is not signed. */
  readonly sign?: KeyPlace;
  /**
   * Whether the pages confirm themselves once they run on a device: the script that does so comes
   * first in every page. With `false` the app does, by `confirmOnLoad()` of `faceplate-update-page`;
   * pages then only get the build id. Default: `true`.
   */
  readonly confirm?: boolean;
}

/** Something that the user wrote cannot be meant. */
export class OptionError extends Error {
  override readonly name = 'OptionError';
}

const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  k: 1024,
  kb: 1024,
  kib: 1024,
  m: 1 << 20,
  mb: 1 << 20,
  mib: 1 << 20,
};

/** Bytes of a size; `name` is the option that it stands in. */
export function parseSize(size: Size, name: string): number {
  const wrong = `${name}: ${JSON.stringify(size)} is no size; write bytes, or a number with K or M, like '1MiB'`;
  let bytes: number;
  if (typeof size === 'number') {
    bytes = size;
  } else {
    const [, digits, unit = ''] = /^\s*(\d+)\s*([a-z]*)\s*$/i.exec(size) ?? [];
    bytes = Number(digits) * (UNITS[unit.toLowerCase()] ?? NaN);
  }
  if (!Number.isInteger(bytes) || bytes < 0 || bytes > 0xffff_ffff) throw new OptionError(wrong);
  return bytes;
}

/** Lowest and highest API. */
export function parseApi(api: ImageOptions['api']): [number, number] | null {
  if (api === undefined) return null;
  const [min, max] = typeof api === 'number' ? [api, api] : api;
  const sound = (value: number) => Number.isInteger(value) && value >= 1 && value <= 0xffff;
  if (!sound(min) || !sound(max) || min > max) {
    throw new OptionError(
      `api: ${JSON.stringify(api)} is none; write a number like 2, or the lowest and the highest like [1, 3]`,
    );
  }
  return [min, max];
}

/** How new a frontend is. */
export function parseSequence(sequence: ImageOptions['sequence'] = 0): number {
  if (Number.isInteger(sequence) && sequence >= 0 && sequence <= 0xffff_ffff) return sequence;
  throw new OptionError(
    `sequence: ${JSON.stringify(sequence)} is none; write a whole number from 0 to 4294967295`,
  );
}

/** Whether a path is one of those that the user named by the option `name`. */
export function matcher(
  named: Files | readonly Files[] | undefined,
  name: string,
): (path: string) => boolean {
  const all: readonly Files[] = named === undefined ? [] : [named].flat();
  const tests = all.map((one) => {
    if (typeof one === 'string') return picomatch(one, { dot: true });
    if (typeof one === 'function') return one;
    // One with the flag `g` would go on from where it was.
    if (one instanceof RegExp) return (path: string) => path.search(one) >= 0;
    throw new OptionError(`${name}: write globs, regular expressions or functions`);
  });
  return (path) => tests.some((test) => test(path));
}
