// The packer's functions with types; what they do is said in crates/faceplate-wasm.
import { createHash } from 'node:crypto';
import { Writer } from './message.js';
import type { SigningKey } from './sign.js';
import { call } from './wasm.js';

/** A file by its path in the build, with `/` on every system. */
export interface SourceFile {
  readonly path: string;
  readonly bytes: Uint8Array;
}

export interface PackOptions {
  /** Bytes of the slot. */
  readonly size: number;
  /** `null`: digits of a hash over the content. */
  readonly version: string | null;
  /** Lowest and highest firmware API; `null`: that of this release. */
  readonly api: readonly [number, number] | null;
  /** How new it is, up to 2³² - 1. Default: 0, nobody counts. */
  readonly sequence?: number;
  /** An image whose files stay at their places, as far as they have room there. Default: none. */
  readonly base?: Uint8Array | null;
  /** Signs the image. Default: it is not signed. */
  readonly sign?: SigningKey | null;
  readonly gzip: 'auto' | 'never';
  /** What pages get: nothing, the build id, or also the script that confirms. Default: nothing. */
  readonly stamp?: keyof typeof STAMP;
  /**
   * Files whose names change with their content, by their paths in the build: browsers keep them
   * without asking again. All others are marked as not immutable, so that no device guesses.
   */
  readonly immutable?: readonly string[];
  /** Whether what is in `_app/immutable/` (SvelteKit) counts as one of these. Default: `true`. */
  readonly sveltekit?: boolean;
}

/** Bytes of a block (docs/how-it-works.md). */
export const BLOCK = 4096;

/** How the packer calls it. */
const STAMP = { none: 0, id: 1, confirm: 2 } as const;

/** A file of an image. Sizes are bytes. */
export interface PackedFile {
  readonly path: string;
  /** Its path in the image, such as `app.js.gz`. */
  readonly storedAs: string;
  readonly raw: number;
  readonly stored: number;
  /** Whether it is marked as one whose name changes with its content. */
  readonly immutable: boolean;
}

export interface Packed {
  readonly image: Uint8Array<ArrayBuffer>;
  /** Of the image, in hex digits. */
  readonly sha256: string;
  readonly version: string;
  /** 16 hex digits; `null` where the pages have none. */
  readonly build: string | null;
  readonly sequence: number;
  /** Id of the key that has signed it, 16 hex digits; `null` where none has. */
  readonly signer: string | null;
  /** Blocks of 4096 bytes. */
  readonly blocksUsed: number;
  /** How many of these nothing is in, so that files stay where they are in the base. */
  readonly blocksFree: number;
  readonly blocksTotal: number;
  /** Paths that were left out since they are hidden. */
  readonly skipped: readonly string[];
  /** Paths that no device serves, since it answers there itself. */
  readonly hidden: readonly string[];
  /** What `index.html` loads but is not there. */
  readonly missing: readonly string[];
  /** Pages without a build id. */
  readonly unstamped: readonly string[];
  /** Pages whose own Content-Security-Policy keeps them from asking the device. */
  readonly silenced: readonly string[];
  /** Pages and the confirming script as stamped, where that changed them. */
  readonly changed: readonly SourceFile[];
  /** Compressed companions of pages as they were before. */
  readonly dropped: readonly string[];
  readonly files: readonly PackedFile[];
  /** What else is odd about the files, in words. */
  readonly warnings: readonly string[];
}

export interface Inspected {
  /** Of the image, in hex digits. */
  readonly sha256: string;
  /** 16 hex digits; `null` for an image without. */
  readonly build: string | null;
  /** Bytes of the smallest slot that it is made for. */
  readonly slot: number;
  /** `null` for an image without a manifest. */
  readonly manifest: { readonly version: string; readonly api: readonly [number, number] } | null;
  /** How new it is; 0 where nobody counts. */
  readonly sequence: number;
  /** Id of the key that its signature says to be by, 16 hex digits; whether it holds is not looked at. `null` without. */
  readonly signer: string | null;
  /** Content as it is stored: that of `name.gz` is compressed. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** Paths of files that are marked as immutable; `null` for an image without marks. */
  readonly immutable: ReadonlySet<string> | null;
  /**
   * What in it may confirm it: the script that stamping puts into each page, or perhaps the app's own code;
   * `null` where nothing in it asks a device.
   */
  readonly confirms: (typeof CONFIRMS)[number];
  /** Blocks of 4096 bytes in front of its end that nothing is in. */
  readonly blocksFree: number;
}

/** How the packer calls it. */
const CONFIRMS = [null, 'app', 'script'] as const;

/** Something that a page loads from its own host. */
export interface Asset {
  /** Path on the device and query. */
  readonly path: string;
  /** The file that they ask for. */
  readonly file: string;
  /** Whether the page cannot work without it: scripts and styles, but no pictures. */
  readonly needed: boolean;
  /** Whether a browser looks for it beside the prefix below which the page is. */
  readonly outside: boolean;
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

/** Packs files into an image; throws `Refused` when they cannot be packed. */
export function pack(files: readonly SourceFile[], options: PackOptions): Packed {
  const request = new Writer()
    .number(options.size)
    .number(options.version === null ? 0 : 1)
    .text(options.version ?? '')
    .number(options.api?.[0] ?? 0)
    .number(options.api?.[1] ?? 0)
    .number(options.sequence ?? 0)
    .number(options.gzip === 'never' ? 0 : 1)
    .number(STAMP[options.stamp ?? 'none'])
    .texts(options.immutable ?? [])
    .number((options.sveltekit ?? true) ? 1 : 0)
    .number(options.base ? 1 : 0)
    .bytes(options.base ?? new Uint8Array())
    .number(files.length);
  for (const { path, bytes } of files) request.text(path).bytes(bytes);
  const answer = call('pack', request);
  const text = () => answer.text();
  const packed = {
    image: answer.bytes(),
    sha256: hex(answer.bytes()),
    version: answer.text(),
    build: answer.text() || null,
    sequence: options.sequence ?? 0,
    signer: null,
    blocksUsed: answer.number(),
    blocksFree: answer.number(),
    blocksTotal: answer.number(),
    skipped: answer.list(text),
    hidden: answer.list(text),
    missing: answer.list(text),
    unstamped: answer.list(text),
    silenced: answer.list(text),
    changed: answer.list(() => ({ path: answer.text(), bytes: answer.bytes() })),
    dropped: answer.list(text),
    files: answer.list(() => ({
      path: answer.text(),
      storedAs: answer.text(),
      raw: answer.number(),
      stored: answer.number(),
      immutable: answer.number() === 1,
    })),
    warnings: answer.list(text),
  };
  return options.sign ? signed(packed, options.sign) : packed;
}

/** What is packed, with a signature in it. */
function signed(packed: Packed, key: SigningKey): Packed {
  const image = key.sign(packed.image);
  const sha256 = createHash('sha256').update(image).digest('hex');
  const { blocksFree } = inspect(image);
  return { ...packed, image, sha256, blocksUsed: image.length / BLOCK, blocksFree, signer: key.id };
}

/** What has to be signed of an image, by Ed25519; throws `Refused` when it is none that can be signed. */
export function statement(image: Uint8Array): Uint8Array<ArrayBuffer> {
  return call('statement', new Writer().bytes(image)).bytes();
}

/**
 * Puts a signature of its statement into an image, in place of one that it has: of 64 bytes, and the public key of 32.
 * Whether it holds is not looked at. Throws `Refused` when it is no image that can be signed.
 */
export function attach(
  image: Uint8Array,
  publicKey: Uint8Array,
  signature: Uint8Array,
): Uint8Array<ArrayBuffer> {
  return call('attach', new Writer().bytes(image).array(publicKey).array(signature)).bytes();
}

/** Checks an image as a device does; throws `Refused` when a device would not take it. */
export function inspect(image: Uint8Array): Inspected {
  const answer = call('inspect', new Writer().bytes(image));
  const sha256 = hex(answer.bytes());
  const slot = answer.number();
  const has = answer.number() === 1;
  const manifest = {
    version: answer.text(),
    api: [answer.number(), answer.number()] as const,
  };
  const sequence = answer.number();
  const build = answer.text() || null;
  const signer = answer.text() || null;
  const files = answer.list(() => [answer.text(), answer.bytes()] as const);
  const marked = answer.number() === 1;
  const immutable = new Set(answer.list(() => answer.text()));
  return {
    sha256,
    build,
    slot,
    manifest: has ? manifest : null,
    sequence,
    signer,
    files: new Map(files),
    immutable: marked ? immutable : null,
    confirms: CONFIRMS[answer.number()] ?? null,
    blocksFree: answer.number(),
  };
}

/** Finds what a page at `place`, a host or `host/prefix`, loads from its host. */
export function assets(page: Uint8Array, place: string): Asset[] {
  const answer = call('page', new Writer().bytes(page).text(place));
  return answer.list(() => ({
    path: answer.text(),
    file: answer.text(),
    needed: answer.number() === 1,
    outside: answer.number() === 1,
  }));
}
