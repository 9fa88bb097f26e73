// Chunks and patches, against their description.
import { describe, expect, test } from 'vitest';
import { cut, readChunks, type Chunks } from '../src/chunks.js';
import { makePatch, patchBetween } from '../src/patch.js';
import { sha256 } from '../src/sha256.js';
import { chunksOf, concat, file, follow, listOf, noise, type Bytes } from './images.js';

const none = new Uint8Array(0);
const chunks = async (image: Bytes, whole?: boolean) =>
  readChunks(await listOf(image, whole)) as Chunks;

/** The patch that makes `image`, as a device follows it. */
async function patched(image: Bytes, base: Bytes | null, left: Bytes | null = null) {
  const hash = sha256(image);
  const patch = makePatch({
    image,
    sha256: hash,
    chunks: await cut(image),
    base: base && (await chunks(base)),
    left: left && (await chunks(left.subarray(0, image.length), false)),
  });
  const bytes = new Uint8Array(await patch.arrayBuffer());
  const made = follow(bytes, base ?? none, left ?? none);
  expect(sha256(made.image)).toBe(hash);
  expect(made.head).toMatchObject({ length: image.length, sha256: hash });
  return { bytes: bytes.length, ...made };
}

/** What a device runs: a root, a small file, a large one that is three blocks further. */
const ROOT = noise(8192, 1);
const PAGE = noise(2000, 2);
const BUNDLE = noise(60_000, 3);
const OLD = concat(ROOT, file(PAGE, 2), file(BUNDLE, 3));

describe('an image is cut into chunks', () => {
  test.each([
    ['nothing', none],
    ['less than the least chunk', noise(100, 1)],
    ['noise', noise(81_920, 1)],
    ['the same byte again and again', new Uint8Array(20_480).fill(0x5a)],
    ['what is blank', new Uint8Array(20_480).fill(0xff)],
    ['files with links', OLD],
    [
      'a file whose blocks are all links in the beginning',
      concat(ROOT, file(noise(300_000, 4), 2)),
    ],
    ['a length that is no block’s', OLD.slice(0, 20_481)],
    ['an end among links', OLD.slice(0, 20_484)],
    ['an end in the middle of one', OLD.slice(0, 20_482)],
  ])('as their description says: %s', async (_, image) => {
    const found = await cut(image);
    expect(found.map(({ length, hash }) => ({ length, hash }))).toEqual(chunksOf(image));
    let end = 0;
    for (const { at, length } of found) {
      expect(at).toBe(end);
      end += length;
    }
    expect(end).toBe(image.length);
  });

  test('with the links of each block counted', async () => {
    // Of 15 blocks, those after the first: every second has one more, and so on.
    const links = (await cut(OLD)).reduce((sum, chunk) => sum + chunk.links, 0);
    expect(links).toBe(4 * (14 + 7 + 3 + 1));
  });

  test('until nobody wants it any more', async () => {
    const stop = AbortSignal.abort();
    await expect(cut(noise(200_000, 1), stop)).rejects.toMatchObject({ name: 'AbortError' });
  });
});

describe('a list of chunks', () => {
  test('is read as it is written', async () => {
    const { of, chunks } = readChunks(await listOf(OLD)) as Chunks;
    expect(new DataView(of.buffer, of.byteOffset).getUint32(0, true)).toBe(OLD.length);
    expect(chunks).toEqual((await cut(OLD)).map(({ at, length, hash }) => ({ at, length, hash })));
  });

  test('is none where it is cut off, or something else', async () => {
    const list = await listOf(OLD);
    for (const broken of [
      list.slice(0, -10),
      list.slice(0, 43),
      new ArrayBuffer(0),
      new ArrayBuffer(54),
      new TextEncoder().encode('{"type":"/problems/not-found"}').buffer,
    ]) {
      expect(readChunks(broken)).toBeNull();
    }
  });
});

describe('a patch', () => {
  test('of the same image is one copy', async () => {
    const { data, operations, bytes } = await patched(OLD, OLD);
    expect([data, operations]).toEqual([0, 1]);
    expect(bytes).toBe(84 + 4);
  });

  test('of an image with a statement more has little but that', async () => {
    const more = concat(BUNDLE.slice(0, 30_000), noise(40, 5), BUNDLE.slice(30_000));
    const { data, bytes } = await patched(concat(ROOT, file(PAGE, 2), file(more, 3)), OLD);
    // The chunks around it, and the links of the blocks behind it.
    expect(data).toBeLessThan(2 * 4096);
    expect(bytes).toBeLessThan(data + 84 + 200);
  });

  test('of a file that has moved takes its links alone from the new image', async () => {
    const image = concat(ROOT, file(noise(6000, 6), 2), file(PAGE, 4), file(BUNDLE, 5));
    const { data } = await patched(image, OLD);
    // What is new, the chunks at its ends, and 14 blocks' links.
    expect(data).toBeLessThan(6000 + 4 * 4096);
    const front = concat(ROOT, file(BUNDLE, 2), file(PAGE, 17));
    expect((await patched(front, OLD)).data).toBeLessThan(3 * 4096);
  });

  test('where other bytes are in front of a block’s links copies both sides of them', async () => {
    // The same content with other numbers of links in it: the end of a file and the middle of another.
    const content = noise(40_000, 7);
    const base = concat(ROOT, content.slice(0, 8192), file(content, 4));
    const image = concat(ROOT, file(content, 2), content.slice(0, 8192));
    await patched(image, base);
    await patched(base, image);
  });

  test('between two images at hand is the one that a list would give', async () => {
    const more = concat(ROOT, file(concat(PAGE, noise(40, 5)), 2), file(BUNDLE, 3));
    const patch = await patchBetween(OLD, more);
    const made = follow(new Uint8Array(await patch.arrayBuffer()), OLD, none);
    expect(made).toEqual(
      expect.objectContaining({ image: more, data: (await patched(more, OLD)).data }),
    );
    expect(made.head).toMatchObject({ baseLength: OLD.length, base: sha256(OLD) });
  });

  test('without anything in common is longer by some bytes than the image', async () => {
    const { data, bytes } = await patched(noise(40_960, 8), OLD);
    expect(data).toBe(40_960);
    expect(bytes).toBeLessThan(40_960 + 84 + 8);
    expect((await patched(OLD, null)).head).toMatchObject({ baseLength: 0, base: '0'.repeat(64) });
  });

  test('keeps what an upload has left at the same place, before it copies', async () => {
    const image = concat(ROOT, file(noise(90_000, 9), 2));
    const left = concat(image.slice(0, 61_440), noise(image.length - 61_440, 10));
    const { kept, data, copied, head } = await patched(image, OLD, left);
    expect(kept).toBeGreaterThan(61_440 - 4096);
    expect(data + copied).toBe(image.length - kept);
    // Nothing but blank bytes is in the base.
    expect(copied).toBeLessThan(4096);
    expect(head.keep).toBe(kept);
    // What is at another place is not there.
    expect(await patched(image, null, concat(noise(4096, 11), left))).toMatchObject({ kept: 0 });
  });

  test('copies backwards and forwards over large distances', async () => {
    const parts = Array.from({ length: 12 }, (_, i) => noise(16_384, 20 + i));
    const shuffled = [7, 2, 11, 0, 5, 9, 1, 10, 3, 8, 4, 6].map((i) => parts[i] as Bytes);
    const { copied } = await patched(concat(...shuffled), concat(...parts));
    expect(copied).toBeGreaterThan(12 * 16_384 * 0.6);
  });

  test.each(Array.from({ length: 12 }, (_, seed) => seed))(
    'of images that have parts in common makes the image (%i)',
    async (seed) => {
      const dice = noise(200, 100 + seed);
      const build = (from: number) => {
        let block = 2;
        const files = Array.from({ length: 6 }, (_, i) => {
          const [content, length, cut] = [0, 1, 2].map((k) => dice[from + 3 * i + k] ?? 0) as [
            number,
            number,
            number,
          ];
          const bytes = concat(
            noise(20 * cut * (content % 3), content),
            noise(100 * length, content % 5),
          );
          const stored = file(bytes, block);
          block += stored.length / 4096;
          return stored;
        });
        return concat(noise(8192, from), ...files);
      };
      const [base, image, left] = [build(0), build(40), build(80)];
      await patched(image, base);
      await patched(image, base, concat(image.slice(0, image.length >> 1), left));
    },
  );
});
