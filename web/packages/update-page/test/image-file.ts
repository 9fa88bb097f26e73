// Writes the first blocks of an image: what a packer writes, as far as the page reads it.

const BLOCK = 4096;

export type Record = readonly [kind: number, id: number, data: Uint8Array | null];

export function numbers(...values: number[]): Uint8Array {
  const bytes = new Uint8Array(values.length * 4);
  values.forEach((value, i) => new DataView(bytes.buffer).setUint32(i * 4, value, true));
  return bytes;
}

export function text(value: string): Uint8Array {
  return new TextEncoder().encode(value);
}

export function join(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return new Uint8Array(parts.flatMap((part) => [...part]));
}

/** The checksum by its definition, one bit at a time. */
function crc(bytes: readonly number[]): number {
  let value = 0xffff_ffff;
  for (const byte of bytes) {
    for (let bit = 0; bit < 8; bit++) {
      const odd = (value ^ (byte >> bit)) & 1;
      value = (value >>> 1) ^ (odd ? 0xedb8_8320 : 0);
    }
  }
  return value >>> 0;
}

/** A metadata block: its revision, and commits of records; `phase` is the lowest bit of each end,
 * `torn` a tag behind the last. */
type Tag = readonly [kind: number, id: number, length: number];

export function block(
  revision: number,
  commits: readonly (readonly Record[])[],
  phase = 0,
  torn?: Tag,
) {
  const bytes = [...numbers(revision)];
  let previous = 0xffff_ffff;
  let start = 0;
  const put = (kind: number, id: number, length: number) => {
    const tag = ((kind << 20) | (id << 10) | length) >>> 0;
    const stored = (tag ^ previous) >>> 0;
    bytes.push(stored >>> 24, (stored >>> 16) & 255, (stored >>> 8) & 255, stored & 255);
    previous = tag;
  };
  for (const records of commits) {
    for (const [kind, id, data] of records) {
      put(kind, id, data ? data.length : 0x3ff);
      bytes.push(...(data ?? []));
    }
    put(0x500 | phase, 0x3ff, 8);
    bytes.push(...numbers(crc(bytes.slice(start))), 0xff, 0xff, 0xff, 0xff);
    if (phase) previous = (previous ^ 0x8000_0000) >>> 0;
    start = bytes.length;
  }
  if (torn) put(...torn);
  const whole = new Uint8Array(BLOCK).fill(0xff);
  whole.set(bytes);
  return whole;
}

export const fields = { version: 0x0002_0001, blockSize: BLOCK, blocks: 256 };

export function superblock(changes: Partial<typeof fields> = {}): Record[] {
  const { version, blockSize, blocks } = { ...fields, ...changes };
  return [
    [0x401, 0, new Uint8Array()],
    [0x0ff, 0, text('littlefs')],
    [0x201, 0, numbers(version, blockSize, blocks, 255, 0x7fff_ffff, 1022)],
  ];
}

/** The build's id in a manifest of format 2. */
const BUILD = [0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef];

export function manifest(
  version: string,
  [min, max] = [1, 2],
  format = 1,
  { build = BUILD, sequence = 0 } = {},
): Record {
  const fixed = new Uint8Array(format === 2 ? 49 : 37);
  if (format === 2) {
    fixed.set(build, 37);
    new DataView(fixed.buffer).setUint32(45, sequence, true);
  }
  fixed[0] = format;
  new DataView(fixed.buffer).setUint16(1, min as number, true);
  new DataView(fixed.buffer).setUint16(3, max as number, true);
  return [0x36d, 0, join(fixed, text(version))];
}

/** A signature by the key with this id. */
export const signature = (id: number[]): Record => [
  0x373,
  0,
  join(new Uint8Array(id), new Uint8Array(64).fill(7)),
];

/** A file in the root, which the reader has to pass by. */
export const file: Record[] = [
  [0x401, 1, new Uint8Array()],
  [0x001, 1, text('index.html')],
  [0x201, 1, text('<!doctype html>')],
  [0x366, 1, new Uint8Array(16)],
];

/** An image of these two blocks and some more. */
export function image(a: Uint8Array, b: Uint8Array, more = 2): Blob {
  return new Blob([join(a, b), new Uint8Array(more * BLOCK)]);
}
