// Reads what an image says of itself, before anything is sent.

/** What the first blocks of an image tell. */
export interface ImageFacts {
  readonly bytes: number;
  /** From the manifest; `null` for an image without one (such as mklittlefs makes). */
  readonly version: string | null;
  /** Lowest and highest firmware API; `null` without a manifest. */
  readonly api: { readonly min: number; readonly max: number } | null;
  /** Bytes of the slot that the image was made for; it may itself be shorter. */
  readonly madeFor: number;
}

/** The file is no frontend image; the message says why in words for people. */
export class NotAnImage extends Error {
  override readonly name = 'NotAnImage';
}

/** Bytes of a block: the erase sector of SPI flash. */
const BLOCK = 4096;

// Tag types of LittleFS (SPEC.md, "Metadata tags").
const SUPERBLOCK = 0x0ff;
const INLINE_STRUCT = 0x201;
const CREATE = 0x401;
const DELETE = 0x4ff;
/** User attribute 0x6d: the manifest. */
const MANIFEST = 0x36d;
/** Length field of a tag that removes what an earlier tag said. */
const DELETED = 0x3ff;

/** Bytes of the manifest before the version: format, two API numbers, root hash. */
const MANIFEST_FIXED = 37;
/** Bytes of the superblock: six numbers. */
const SUPERBLOCK_SIZE = 24;

/** Reads the superblock and the manifest; throws `NotAnImage`. */
export async function readImage(file: Blob): Promise<ImageFacts> {
  let bytes: Uint8Array;
  try {
    bytes = new Uint8Array(await file.slice(0, 2 * BLOCK).arrayBuffer());
  } catch (cause) {
    throw new NotAnImage('The file cannot be read. Was it moved or changed?', { cause });
  }
  const { size } = file;
  const root = size >= 2 * BLOCK && readRoot(bytes);
  if (!root) throw new NotAnImage(guess(bytes, size));
  const superblock = new DataView(root.superblock.buffer, root.superblock.byteOffset);
  const [version, blockSize, blocks] = [0, 4, 8].map((at) => superblock.getUint32(at, true)) as [
    number,
    number,
    number,
  ];
  if (version >> 1 !== 0x10000) {
    throw new NotAnImage(
      `The image is of LittleFS version ${version >>> 16}.${version & 0xffff}; devices read 2.0 and 2.1.`,
    );
  }
  if (blockSize !== BLOCK) {
    throw new NotAnImage(
      `The image has blocks of ${blockSize} bytes. Make it with a block size of ${BLOCK}.`,
    );
  }
  if (size % BLOCK) {
    throw new NotAnImage(
      `The image is not whole: its ${size} bytes are no multiple of ${BLOCK}. Was the download cut off?`,
    );
  }
  return { bytes: size, madeFor: blocks * BLOCK, ...readManifest(root.manifest) };
}

/** What a file is that is no image, as far as its first bytes tell. */
function guess(bytes: Uint8Array, size: number): string {
  if (size === 0) return 'The file is empty.';
  const [a, b] = bytes;
  // The magic number of ESP application images; then those of gzip and zip.
  if (a === 0xe9) return 'This looks like firmware for the chip. The frontend is another file.';
  if ((a === 0x1f && b === 0x8b) || (a === 0x50 && b === 0x4b)) {
    return 'This is a compressed archive. Unpack it and choose the image in it.';
  }
  return 'It does not begin like a LittleFS image.';
}

interface Root {
  readonly superblock: Uint8Array;
  readonly manifest: Uint8Array | null;
}

/** The root directory's first pair is blocks 0 and 1; the newer of them that is whole counts. */
function readRoot(bytes: Uint8Array): Root | null {
  const [a, b] = [bytes.subarray(0, BLOCK), bytes.subarray(BLOCK)] as const;
  // Revision counts wrap around: the newer is less than half the range ahead.
  const newer = (word(b, 0, true) - word(a, 0, true)) | 0;
  return newer > 0 ? (readLog(b) ?? readLog(a)) : (readLog(a) ?? readLog(b));
}

/**
 * Reads the log of a metadata block up to its last commit with a right checksum. A root that moved
 * on from the first pair is not followed: that happens in file systems that are written a lot.
 */
function readLog(block: Uint8Array): Root | null {
  let [named, superblock, manifest] = [false, null, null] as [
    boolean,
    Uint8Array | null,
    Uint8Array | null,
  ];
  let root: Root | null = null;
  let tag = -1;
  let crc = crc32(-1, block.subarray(0, 4));
  for (let at = 4; at + 4 <= BLOCK;) {
    tag ^= word(block, at, false);
    const [kind, id, length] = [(tag >>> 20) & 0x7ff, (tag >>> 10) & 0x3ff, tag & 0x3ff];
    const end = at + 4 + (length === DELETED ? 0 : length);
    // The highest bit is set where nothing was written.
    if (tag < 0 || end > BLOCK) break;
    const data = block.subarray(at + 4, end);
    if ((kind & 0x780) === 0x500) {
      crc = crc32(crc, block.subarray(at, at + 4));
      if (length < 4 || word(block, at + 4, true) !== crc) break;
      root = named && superblock ? { superblock, manifest } : null;
      // The lowest bit of the type flips the highest of the next commit's first tag.
      tag ^= kind << 31;
      crc = -1;
    } else {
      crc = crc32(crc, block.subarray(at, end));
      if (id === 0) {
        const value = length === DELETED ? null : data;
        if (kind === CREATE || kind === DELETE) {
          [named, superblock, manifest] = [false, null, null];
        } else if (kind === SUPERBLOCK) named = text(data) === 'littlefs';
        else if (kind === INLINE_STRUCT) superblock = length === SUPERBLOCK_SIZE ? value : null;
        else if (kind === MANIFEST) manifest = value;
      }
    }
    at = end;
  }
  return root;
}

function readManifest(bytes: Uint8Array | null): Pick<ImageFacts, 'version' | 'api'> {
  const none = { version: null, api: null };
  // There is one format so far. The device judges others: it may be newer than this page.
  if (!bytes || bytes.length < MANIFEST_FIXED || bytes[0] !== 1) return none;
  const numbers = new DataView(bytes.buffer, bytes.byteOffset);
  const api = { min: numbers.getUint16(1, true), max: numbers.getUint16(3, true) };
  const version = text(bytes.subarray(MANIFEST_FIXED));
  return version === null ? none : { version, api };
}

/** UTF-8 without control characters, or `null`. */
function text(bytes: Uint8Array): string | null {
  try {
    const decoded = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return /\p{Cc}/u.test(decoded) ? null : decoded;
  } catch {
    return null;
  }
}

/** 32 bits as a signed number. */
function word(bytes: Uint8Array, at: number, little: boolean): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getInt32(at, little);
}

/** Continues a CRC-32 (polynomial 0xedb88320, no final XOR), as a signed number. */
function crc32(crc: number, bytes: Uint8Array): number {
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return crc | 0;
}
