// The chunks of an image: pieces between places that depend on its bytes alone, each with a hash. By them a device
// tells what it has, and what it has need not be sent. crates/faceplate/src/chunks.rs cuts the same way.
import { sha256 } from './sha256.js';
import { sleep } from './wait.js';

export interface Chunk {
  /** Where it begins. */
  readonly at: number;
  /** Bytes, links included. */
  readonly length: number;
  /** The beginning of the SHA-256 of the others: a number of 40 bits. */
  readonly hash: number;
}

/** Of an image that is at hand. */
export interface Cut extends Chunk {
  /** Bytes of the links in it. */
  readonly links: number;
}

/** What a device says of a slot. */
export interface Chunks {
  /** Bytes that it covers (four of them), and the SHA-256 of the image; zeros where no whole one is there. */
  readonly of: Uint8Array<ArrayBuffer>;
  readonly chunks: readonly Chunk[];
}

export const BLOCK = 4096;

/** No chunk but the last has fewer bytes, and none many more. */
const [MIN, MAX] = [320, 1024];
/** Up to here few places end one, then many: so most are about as long. */
const NORMAL = 640;
/** Most links at the beginning of a block. */
const LINKS = 16;
/** Before the first chunk of a list, and of each of them. */
const HEAD = 44;
const ENTRY = 7;
/** After so many chunks the page may do something else. */
const TURN = 64;

/** What each byte adds to the hash of the last 32. */
const GEAR = Int32Array.from({ length: 256 }, (_, byte) => {
  let x = Math.imul(byte + 1, 0x9e3779b1);
  x = Math.imul(x ^ (x >>> 15), 0x85ebca77);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae3d);
  return x ^ (x >>> 16);
});

/** The chunks of an image. Throws the signal's reason where it is aborted. */
export async function cut(image: Uint8Array, signal?: AbortSignal): Promise<Cut[]> {
  const chunks: Cut[] = [];
  const { length: end } = image;
  const view = new DataView(image.buffer, image.byteOffset, end);
  const content = new Uint8Array(BLOCK);
  let [gear, start, size] = [0, 0, 0];
  for (let at = 0; at < end;) {
    if (at % BLOCK === 0) {
      // LittleFS begins a file's blocks with links to those before, which change when it moves.
      const [block, most] = [at / BLOCK, Math.min(at + 4 * LINKS, end - 3)];
      for (let back = 1; at < most && back <= block; back *= 2, at += 4) {
        if (view.getUint32(at, true) !== block - back) break;
      }
    }
    if (at < end) {
      const byte = image[at++] ?? 0;
      content[size++] = byte;
      gear = ((gear << 1) + (GEAR[byte] ?? 0)) | 0;
    }
    const length = at - start;
    // The upper bits: one place of 4096 on average, or of 128.
    const isPlace = length >= MIN && gear >>> (length < NORMAL ? 20 : 25) === 0;
    if (at === end || length >= MAX || isPlace) {
      const hash = parseInt(sha256(content.subarray(0, size)).slice(0, 10), 16);
      chunks.push({ at: start, length, hash, links: length - size });
      [start, size] = [at, 0];
      if (chunks.length % TURN === 0) await sleep(0, signal);
    }
  }
  return chunks;
}

/** Reads a device's list; null where it is none, or not whole. */
export function readChunks(list: ArrayBuffer): Chunks | null {
  const view = new DataView(list);
  if (new TextDecoder().decode(list.slice(0, 8)) !== 'FPchunk1') return null;
  if (list.byteLength < HEAD) return null;
  const chunks: Chunk[] = [];
  let at = 0;
  for (let from = HEAD; from + ENTRY <= list.byteLength; from += ENTRY) {
    const length = view.getUint16(from, true);
    const hash = view.getUint8(from + 2) * 2 ** 32 + view.getUint32(from + 3);
    chunks.push({ at, length, hash });
    at += length;
  }
  const of = new Uint8Array(list, 8, HEAD - 8);
  return at === view.getUint32(8, true) ? { of, chunks } : null;
}
