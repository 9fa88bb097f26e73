// What differs between an image and what a device has, in the form that it takes: crates/faceplate/src/patch.rs.
import { BLOCK, cut, type Chunk, type Chunks, type Cut } from './chunks.js';
import { sha256 } from './sha256.js';

/** What the next bytes of the image are: the kinds of operations. */
const DATA = 0;
const COPY = 1;
const KEEP = 2;

const HEAD = 84;

/** A number of 32 bits in as few bytes as it takes (LEB128). */
function leb(number: number): number[] {
  const bytes = [];
  for (; number > 127; number >>>= 7) bytes.push((number & 127) | 128);
  return [...bytes, number];
}

/** What is written in hex. */
const bytesOf = (hex: string) =>
  Uint8Array.from({ length: 32 }, (_, i) => parseInt(hex.slice(2 * i, 2 * i + 2), 16));

/** Chunks with the same are the same bytes at the same place. */
const place = ({ at, length, hash }: Chunk) => `${at} ${length} ${hash}`;

/** What a patch is made of. */
export interface Parts {
  readonly image: Uint8Array<ArrayBuffer>;
  /** 64 hex digits. */
  readonly sha256: string;
  readonly chunks: readonly Cut[];
  /** What is in the active slot: a whole image. */
  readonly base: Chunks | null;
  /** What an upload that was not finished has left in the other one. */
  readonly left: Chunks | null;
}

/** The patch that makes an image of another one that is at hand. */
export async function patchBetween(
  old: Uint8Array<ArrayBuffer>,
  image: Uint8Array<ArrayBuffer>,
): Promise<Blob> {
  const of = new Uint8Array(36);
  new DataView(of.buffer).setUint32(0, old.length, true);
  of.set(bytesOf(sha256(old)), 4);
  const base = { of, chunks: await cut(old) };
  const chunks = await cut(image);
  return makePatch({ image, sha256: sha256(image), chunks, base, left: null });
}

/** The patch that makes the image. */
export function makePatch({ image, sha256: hash, chunks, base, left }: Parts): Blob {
  const head = new Uint8Array(HEAD);
  const parts: Uint8Array<ArrayBuffer>[] = [head];
  const there = new Set(left?.chunks.map(place));
  const old = base?.chunks ?? [];
  const known = new Map(old.map(({ hash }, i) => [hash, i]));
  // The operation that grows: from `at` in the image on, `from` in the base.
  let [kind, at, length, from] = [DATA, 0, 0, 0];
  /** Where the last copy has ended in the base. */
  let copied = 0;
  let kept = 0;
  const end = () => {
    if (!length) return;
    const operation = leb(length * 4 + kind);
    if (kind === COPY) {
      const by = from - copied;
      operation.push(...leb(by < 0 ? -2 * by - 1 : 2 * by));
      copied = from + length;
    }
    parts.push(Uint8Array.from(operation));
    if (kind === DATA) parts.push(image.subarray(at, at + length));
    at += length;
    if (kind === KEEP) kept = at;
    length = 0;
  };
  const put = (next: number, more: number, source = 0) => {
    if (more && (next !== kind || (kind === COPY && source !== from + length))) {
      end();
      [kind, from] = [next, source];
    }
    length += more;
  };
  /** Copies what of a chunk's content is between two places: the old one may have links in between. */
  const copy = (chunk: Chunk, links: number, first: number, last: number) => {
    const cut = links && -chunk.at & (BLOCK - 1);
    if (first < cut && cut < last) {
      copy(chunk, links, first, cut);
      first = cut;
    }
    put(COPY, last - first, chunk.at + first + (first >= cut ? links : 0));
  };
  let follows = 0;
  for (const chunk of chunks) {
    const { length, hash, links } = chunk;
    // What follows the one before in the base, too, makes one operation of both.
    if (old[follows]?.hash !== hash) follows = known.get(hash) ?? -1;
    const same = old[follows++];
    const size = length - links;
    if (there.has(place(chunk))) put(KEEP, length);
    else if (!same) put(DATA, length);
    // Links to the same blocks, too.
    else if (same.at === chunk.at && same.length === length) put(COPY, length, same.at);
    else {
      const cut = links && -chunk.at & (BLOCK - 1);
      copy(same, same.length - size, 0, cut);
      put(DATA, links);
      copy(same, same.length - size, cut, size);
    }
  }
  end();
  const view = new DataView(head.buffer);
  head.set(new TextEncoder().encode('FPpatch1'));
  if (base) head.set(base.of, 8);
  view.setUint32(44, image.length, true);
  head.set(bytesOf(hash), 48);
  view.setUint32(80, kept, true);
  return new Blob(parts);
}
