// Images, what a device tells of them, and what it makes of a patch, each as its description says.
import { cut, type Cut } from '../src/chunks.js';
import { sha256 } from '../src/sha256.js';

export type Bytes = Uint8Array<ArrayBuffer>;

/** Bytes in which nothing repeats, the same ones for each seed. */
export function noise(length: number, seed: number): Bytes {
  return Uint8Array.from({ length }, () => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0; // Numerical Recipes' generator
    return seed >>> 24;
  });
}

export function concat(...parts: Bytes[]): Bytes {
  return new Uint8Array(parts.flatMap((part) => [...part]));
}

/** A file in consecutive blocks from `first` on, as LittleFS stores it. */
export function file(content: Bytes, first: number): Bytes {
  const blocks: number[] = [];
  for (let n = 0, at = 0; at < content.length; n++) {
    const block: number[] = [];
    for (let back = 1; n && n % back === 0; back *= 2) {
      const link = first + n - back;
      block.push(link & 255, (link >> 8) & 255, (link >> 16) & 255, link >>> 24);
    }
    const end = at + 4096 - block.length;
    block.push(...content.subarray(at, end));
    at = end;
    while (block.length < 4096) block.push(255);
    blocks.push(...block);
  }
  return Uint8Array.from(blocks);
}

const hex = (text: string) => (text.match(/../g) ?? []).map((byte) => parseInt(byte, 16));

/** The list that a device gives; of a slot without a whole image where `whole` is false. */
export async function listOf(image: Bytes, whole = true): Promise<ArrayBuffer> {
  const chunks = await cut(image);
  const list = new DataView(new ArrayBuffer(44 + 7 * chunks.length));
  const bytes = new Uint8Array(list.buffer);
  bytes.set(new TextEncoder().encode('FPchunk1'));
  list.setUint32(8, image.length, true);
  if (whole) bytes.set(hex(sha256(image)), 12);
  chunks.forEach(({ length, hash }, i) => {
    list.setUint16(44 + 7 * i, length, true);
    bytes.set(hex(hash.toString(16).padStart(10, '0')), 46 + 7 * i);
  });
  return list.buffer;
}

/** The first five bytes of a SHA-256, as a number. */
const hashOf = (content: number[]) =>
  hex(sha256(Uint8Array.from(content)))
    .slice(0, 5)
    .reduce((number, byte) => number * 256 + byte, 0);

/** The chunks of an image as their description says, found apart from the way of the client. */
export function chunksOf(image: Bytes): Pick<Cut, 'length' | 'hash'>[] {
  const mix = (byte: number) => {
    let x = (BigInt(byte + 1) * 0x9e3779b1n) & 0xffffffffn;
    x ^= x >> 15n;
    x = (x * 0x85ebca77n) & 0xffffffffn;
    x ^= x >> 13n;
    x = (x * 0xc2b2ae3dn) & 0xffffffffn;
    return x ^ (x >> 16n);
  };
  const gear = Array.from({ length: 256 }, (_, byte) => mix(byte));
  const view = new DataView(image.buffer);
  const isLink = (at: number) => {
    const [block, last] = [at >> 12, (at & 4095) >> 2];
    if (!block || last > 15 || (at | 3) >= image.length) return false;
    return Array.from({ length: last + 1 }, (_, k) => k).every(
      (k) => block >= 1 << k && view.getUint32(block * 4096 + 4 * k, true) === block - (1 << k),
    );
  };
  const found: Pick<Cut, 'length' | 'hash'>[] = [];
  let content: number[] = [];
  let [start, hash] = [0, 0n];
  image.forEach((byte, at) => {
    if (isLink(at)) return;
    hash = ((hash << 1n) + (gear[byte] ?? 0n)) & 0xffffffffn;
    content.push(byte);
    const length = at + 1 - start;
    const isPlace = length >= 320 && hash >> (length < 640 ? 20n : 25n) === 0n;
    if (isPlace || length >= 1024 || at + 1 === image.length) {
      found.push({ length, hash: hashOf(content) });
      [content, start] = [[], at + 1];
    }
  });
  // An end among links.
  if (start < image.length) found.push({ length: image.length - start, hash: hashOf(content) });
  return found;
}

/** What a patch is made of, in bytes of the image. */
export interface Followed {
  readonly image: Bytes;
  readonly data: number;
  readonly copied: number;
  readonly kept: number;
  readonly operations: number;
  readonly head: { baseLength: number; base: string; length: number; sha256: string; keep: number };
}

/** Follows a patch as a device does, which knows nothing of chunks. */
export function follow(patch: Bytes, base: Bytes, left: Bytes): Followed {
  const view = new DataView(patch.buffer);
  const text = (from: number, to: number) =>
    [...patch.subarray(from, to)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  if (new TextDecoder().decode(patch.subarray(0, 8)) !== 'FPpatch1') throw new Error('no patch');
  const head = {
    baseLength: view.getUint32(8, true),
    base: text(12, 44),
    length: view.getUint32(44, true),
    sha256: text(48, 80),
    keep: view.getUint32(80, true),
  };
  let at = 84;
  const number = () => {
    let [value, shift] = [0, 0];
    for (;;) {
      const byte = patch[at++];
      if (byte === undefined) throw new Error('the patch is cut off');
      value += (byte & 127) * 2 ** shift;
      shift += 7;
      if (byte < 128) return value;
    }
  };
  const image: number[] = [];
  const made = { data: 0, copied: 0, kept: 0 };
  let [from, operations] = [0, 0];
  for (; image.length < head.length; operations++) {
    const operation = number();
    const [kind, length] = [operation % 4, Math.floor(operation / 4)];
    if (!length || kind > 2) throw new Error(`operation ${kind} of ${length}`);
    if (kind === 0) {
      image.push(...patch.subarray(at, at + length));
      at += length;
      made.data += length;
    } else if (kind === 1) {
      const zigzag = number();
      from += zigzag % 2 ? -(zigzag + 1) / 2 : zigzag / 2;
      if (from < 0 || from + length > head.baseLength)
        throw new Error('it copies what is not there');
      image.push(...base.subarray(from, from + length));
      from += length;
      made.copied += length;
    } else {
      if (image.length + length > head.keep) throw new Error('it keeps what is erased by then');
      image.push(...left.subarray(image.length, image.length + length));
      made.kept += length;
    }
  }
  if (at !== patch.length || image.length !== head.length) throw new Error('it makes more');
  return { image: Uint8Array.from(image), ...made, operations, head };
}
