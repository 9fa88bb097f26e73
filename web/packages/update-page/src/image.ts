// Reads what an image says of itself, before anything is sent.

/** What the first blocks of an image tell. */
export interface ImageFacts {
  readonly bytes: number;
  /** From the manifest; `null` for an image without one (such as mklittlefs makes). */
  readonly version: string | null;
  /** The build's id, 16 lower-case hex digits; `null` without one. */
  readonly build: string | null;
  /** Lowest and highest firmware API; `null` without a manifest. */
  readonly api: { readonly min: number; readonly max: number } | null;
  /** How new it is: a later one has a higher number. 0 where nobody counts. */
  readonly sequence: number;
  /** Id of the key that it says to be signed by, 16 lower-case hex digits; `null` without. */
  readonly signer: string | null;
  /** Bytes of the slot that the image was made for; it may itself be shorter. */
  readonly madeFor: number;
}

/**
 * What is wrong with a file: it was changed or moved since it was chosen, it cannot be read, it is
 * firmware, no image at all, of another version of LittleFS, of other blocks, or not whole.
 */
export type FileFault =
  'gone' | 'unreadable' | 'firmware' | 'other' | 'version' | 'blocks' | 'cut-off';

/** The file is no frontend image; `explain` has words for it. */
export class NotAnImage extends Error {
  override readonly name = 'NotAnImage';
  constructor(
    readonly why: FileFault,
    /** The version, or the size of the blocks. */
    readonly value = '',
    options?: ErrorOptions,
  ) {
    super(`no frontend image: ${why} ${value}`.trim(), options);
  }
}

/** Bytes of a block: the erase sector of SPI flash. */
const BLOCK = 4096;

// Tag types of LittleFS (SPEC.md, "Metadata tags").
const SUPERBLOCK = 0x0ff;
const INLINE_STRUCT = 0x201;
const CREATE = 0x401;
const DELETE = 0x4ff;
/** Ends a commit; its lower bits may differ. */
const CRC = 0x500;
/** User attribute 0x6d: the manifest. */
const MANIFEST = 0x36d;
/** User attribute 0x73: the id of a key, and its signature. */
const SIGNATURE = 0x373;
/** Length field of a tag that removes what an earlier tag said. */
const DELETED = 0x3ff;

/** Bytes of the manifest before the version: format, two API numbers, root hash. */
const MANIFEST_FIXED = 37;
/** The same in format 2, with the build's id at 37, all 0 without one, and the sequence at 45. */
const MANIFEST_2_FIXED = 49;
/** Bytes of a signature and its key's id. */
const SIGNATURE_SIZE = 72;
/** Bytes of the superblock: six numbers. */
const SUPERBLOCK_SIZE = 24;

/** Reads the superblock and the manifest; throws `NotAnImage`. */
export async function readImage(file: Blob): Promise<ImageFacts> {
  const { size } = file;
  let start: DataView;
  try {
    start = new DataView(await file.slice(0, 2 * BLOCK).arrayBuffer());
  } catch (cause) {
    throw new NotAnImage('unreadable', '', { cause });
  }
  const root = start.byteLength === 2 * BLOCK && readRoot(start);
  if (!root) {
    // The magic number of ESP application images.
    const firmware = size && start.getUint8(0) === 0xe9;
    throw new NotAnImage(firmware ? 'firmware' : 'other');
  }
  const [version, blockSize, blocks] = [0, 4, 8].map((at) =>
    root[INLINE_STRUCT]?.getUint32(at, true),
  ) as [number, number, number];
  if (version >> 1 !== 0x10000) {
    throw new NotAnImage('version', `${version >>> 16}.${version & 0xffff}`);
  }
  if (blockSize !== BLOCK) {
    throw new NotAnImage('blocks', `${blockSize}`);
  }
  if (size % BLOCK) throw new NotAnImage('cut-off');
  const { [SIGNATURE]: signature, [MANIFEST]: manifest } = root;
  const signer = signature?.byteLength === SIGNATURE_SIZE ? idAt(signature, 0) : null;
  return { bytes: size, madeFor: blocks * BLOCK, signer, ...readManifest(manifest) };
}

/** What the records of the root directory say, by their types. */
type Root = Record<number, DataView | null>;

/** The root directory's first pair is blocks 0 and 1; the newer of them that is whole counts. */
function readRoot(start: DataView): Root | null {
  const [a, b] = [new DataView(start.buffer, 0, BLOCK), new DataView(start.buffer, BLOCK)];
  // Revision counts wrap around: the newer is less than half the range ahead.
  const newer = (b.getInt32(0, true) - a.getInt32(0, true)) | 0;
  return newer > 0 ? (readLog(b) ?? readLog(a)) : (readLog(a) ?? readLog(b));
}

/**
 * Reads the log of a metadata block up to its last commit with a right checksum. A root that moved
 * on from the first pair is not followed: that happens in file systems that are written a lot.
 */
function readLog(block: DataView): Root | null {
  let root: Root | null = null;
  // Those of the commit that is not finished, too.
  let said: Root = {};
  let tag = -1;
  let crc = crc32(-1, part(block, 0, 4));
  for (let at = 4; at + 4 <= BLOCK;) {
    tag ^= block.getInt32(at);
    const [kind, id, length] = [(tag >>> 20) & 0x7ff, (tag >>> 10) & 0x3ff, tag & 0x3ff];
    const end = at + 4 + (length === DELETED ? 0 : length);
    // The highest bit is set where nothing was written.
    if (tag < 0 || end > BLOCK) break;
    if ((kind & 0x780) === CRC) {
      crc = crc32(crc, part(block, at, at + 4));
      if (length < 4 || length === DELETED || block.getInt32(at + 4, true) !== crc) break;
      const whole =
        text(said[SUPERBLOCK]) === 'littlefs' &&
        said[INLINE_STRUCT]?.byteLength === SUPERBLOCK_SIZE;
      root = whole ? { ...said } : null;
      // The lowest bit of the type flips the highest of the next commit's first tag.
      tag ^= kind << 31;
      crc = -1;
    } else {
      crc = crc32(crc, part(block, at, end));
      const value = length === DELETED ? null : part(block, at + 4, end);
      if (id) {
        // Of a file or folder.
      } else if (kind === CREATE || kind === DELETE) said = {};
      else said[kind] = value;
    }
    at = end;
  }
  return root;
}

const part = (bytes: DataView, from: number, to = bytes.byteLength) =>
  new DataView(bytes.buffer, bytes.byteOffset + from, to - from);

function readManifest(
  bytes: DataView | null | undefined,
): Pick<ImageFacts, 'version' | 'build' | 'api' | 'sequence'> {
  // The device judges other formats: it may be newer than this page.
  const format = bytes?.byteLength && bytes.getUint8(0);
  const fixed = format === 1 ? MANIFEST_FIXED : MANIFEST_2_FIXED;
  const known = bytes && (format === 1 || format === 2) && bytes.byteLength >= fixed;
  const version = known ? text(part(bytes, fixed)) : null;
  if (!known || version === null) return { version: null, build: null, api: null, sequence: 0 };
  return {
    version,
    build: format === 2 ? idAt(bytes, MANIFEST_FIXED) : null,
    api: { min: bytes.getUint16(1, true), max: bytes.getUint16(3, true) },
    sequence: format === 2 ? bytes.getUint32(MANIFEST_FIXED + 8, true) : 0,
  };
}

/** An id of 8 bytes; one that is all 0 is none. */
function idAt(bytes: DataView, at: number): string | null {
  const id = bytes.getBigUint64(at);
  return id ? id.toString(16).padStart(16, '0') : null;
}

/** UTF-8 without control characters, or `null`. */
function text(bytes: DataView | null | undefined): string | null {
  try {
    const decoded = new TextDecoder('utf-8', { fatal: true }).decode(bytes ?? undefined);
    return /\p{Cc}/u.test(decoded) ? null : decoded;
  } catch {
    return null;
  }
}

/** Continues a CRC-32 (polynomial 0xedb88320, no final XOR), as a signed number. */
function crc32(crc: number, bytes: DataView): number {
  for (let at = 0; at < bytes.byteLength; at++) {
    crc ^= bytes.getUint8(at);
    for (let bit = 8; bit--;) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return crc | 0;
}
