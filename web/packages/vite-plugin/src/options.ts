// What a user can set, and how it is understood.
import { createFilter } from 'vite';

/** Bytes, or a number with a unit like `1MiB` or `512K` (1024 each). */
export type Size = number | string;

/** A glob over paths in the build, such as `**\/*.map`, a regular expression or a function. */
export type Exclude = string | RegExp | ((path: string) => boolean);

/** All are optional. */
export interface FaceplateOptions {
  /**
   * The folder to pack. Default: `build.outDir`; with SvelteKit the folder that its adapter wrote.
   */
  readonly dir?: string;
  /**
   * The image to write. Default: `www.bin` beside the packed folder; with SvelteKit in the project's
   * root.
   */
  readonly out?: string;
  /**
   * What people call this frontend, at most 64 bytes. Default: `version` of the project's
   * package.json; digits of a hash over the content where that has none.
   */
  readonly version?: string | (() => string | Promise<string>);
  /** Size of the device's frontend partitions, 8 KiB to 1 MiB. Default: `1MiB`. */
  readonly size?: Size;
  /** Fails the build when the image is larger. Default: no limit but `size`. */
  readonly maxSize?: Size;
  /** Whether text is stored compressed where that is smaller. Default: `auto`. */
  readonly gzip?: 'auto' | 'never';
  /** Files to leave out. Paths have `/` on every system and none in front. */
  readonly exclude?: Exclude | readonly Exclude[];
  /** Firmware API that the frontend works with, or the lowest and the highest. Default: this release's. */
  readonly api?: number | readonly [number, number];
  /**
   * Whether the pages confirm themselves once they run on a device: the script that does so comes
   * first in every page. With `false` the app does, by `confirmOnLoad()` of `faceplate-update-page`;
   * pages then only get the build id. Default: `true`.
   */
  readonly confirm?: boolean;
  /** Whether the packed files are listed. Default: `true`. */
  readonly report?: boolean;
  /**
   * The device that `vite dev` and `vite preview` pass `/api` and `/recovery` to: a host, host:port
   * or http://host:port. Default: `DEVICE` of the environment or of a `.env` file.
   */
  readonly device?: string;
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
export function parseApi(api: FaceplateOptions['api']): [number, number] | null {
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

/** Whether the user leaves a path out. */
export function excluder(exclude: FaceplateOptions['exclude']): (path: string) => boolean {
  const all = exclude === undefined ? [] : Array.isArray(exclude) ? exclude : [exclude];
  const functions = all.filter((one) => typeof one === 'function');
  const patterns = all.filter((one) => typeof one === 'string' || one instanceof RegExp);
  if (functions.length + patterns.length !== all.length) {
    throw new OptionError('exclude: write globs, regular expressions or functions');
  }
  // Without a pattern the filter would take every path. Paths stay as they are (`resolve: false`).
  const matches =
    patterns.length > 0 ? createFilter(patterns, null, { resolve: false }) : () => false;
  return (path) => matches(path) || functions.some((one) => one(path));
}
