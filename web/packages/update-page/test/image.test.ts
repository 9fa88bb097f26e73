// What is read of an image before it is sent.
import { expect, test } from 'vitest';
import { NotAnImage, readImage } from '../src/image.js';
import { block, file, image, manifest, signature, superblock } from './image-file.js';

const whole = [...superblock(), manifest('1.5.0'), ...file];
const blank = new Uint8Array(4096).fill(0xff);
const read = (a: Uint8Array, b = a) => readImage(image(a, b));

const refused = async (file: Blob) => {
  const error = await readImage(file).catch((error: unknown) => error);
  expect(error).toBeInstanceOf(NotAnImage);
  const { why, value } = error as NotAnImage;
  return `${why} ${value}`.trim();
};
test('an image says its length, version, API and the slot that it was made for', async () => {
  expect(await read(block(1, [whole]))).toEqual({
    bytes: 16_384,
    version: '1.5.0',
    build: null,
    api: { min: 1, max: 2 },
    sequence: 0,
    signer: null,
    madeFor: 1 << 20,
  });
});

test('an image of two blocks is long enough', async () => {
  const first = block(1, [whole]);
  expect(await readImage(image(first, first, 0))).toMatchObject({ bytes: 8192 });
});

test('an image without a manifest is one, and says no version', async () => {
  const facts = await read(block(1, [[...superblock(), ...file]]));
  expect(facts).toMatchObject({ version: null, api: null });
});

test('the newer of the two blocks counts, also where the revisions wrap around', async () => {
  const old = [...superblock(), manifest('old')];
  for (const [a, b] of [
    [7, 8],
    [0xffff_ffff, 0],
    [0x7fff_ffff, 0x8000_0000],
  ] as const) {
    expect(await read(block(a, [old]), block(b, [whole]))).toMatchObject({ version: '1.5.0' });
    expect(await read(block(b, [whole]), block(a, [old]))).toMatchObject({ version: '1.5.0' });
  }
});

test('where the newer block is torn, the other counts', async () => {
  const torn = block(9, [[...superblock(), manifest('torn')]]);
  torn.fill(0, 40, 42);
  expect(await read(block(8, [whole]), torn)).toMatchObject({ version: '1.5.0' });
  expect(await read(torn, block(8, [whole]))).toMatchObject({ version: '1.5.0' });
  expect(await read(blank, block(8, [whole]))).toMatchObject({ version: '1.5.0' });
});

test.each([0, 1])('the last whole commit counts (valid bit %i)', async (phase) => {
  const commits = [whole, [manifest('1.6.0')]];
  expect(await read(block(1, commits, phase))).toMatchObject({ version: '1.6.0' });

  const torn = block(1, [...commits, [manifest('torn')]], phase);
  const at = Buffer.from(torn).indexOf('torn');
  torn.fill(0x20, at, at + 1);
  expect(await read(torn)).toMatchObject({ version: '1.6.0' });
});

test('a record that would not fit into its block is not read', async () => {
  const filler = [0, 1, 2].map(() => [0x301, 1, new Uint8Array(1000)] as const);
  const full = block(
    2,
    [[...whole, ...filler, [0x301, 1, new Uint8Array(600)]]],
    0,
    [0x301, 1, 1000],
  );
  expect(await read(blank, full)).toMatchObject({ version: '1.5.0' });
  expect(await read(full, blank)).toMatchObject({ version: '1.5.0' });
});

test('a block whose superblock was removed, or is too short, is none', async () => {
  const removed = block(1, [whole, [[0x4ff, 0, new Uint8Array()]]]);
  expect(await refused(image(removed, blank))).toBe('other');
  const short = block(1, [[...superblock().slice(0, 2), [0x201, 0, new Uint8Array(4)]]]);
  expect(await refused(image(short, blank))).toBe('other');
});

test('a manifest that was removed says nothing', async () => {
  const facts = await read(block(1, [whole, [[0x36d, 0, null]]]));
  expect(facts).toMatchObject({ version: null, api: null });
});

test('the same attribute of a file is not the manifest', async () => {
  const [kind, , data] = manifest('of a file');
  const facts = await read(block(1, [[...whole, [kind, 1, data]]]));
  expect(facts).toMatchObject({ version: '1.5.0' });
});

test.each([
  ['of another format', manifest('1', [1, 1], 3)],
  ['that is cut short', [0x36d, 0, new Uint8Array(36).fill(1)] as const],
  ['of format 2 that is cut short', [0x36d, 0, new Uint8Array(48).fill(2)] as const],
  [
    'with a version that is no text',
    [0x36d, 0, new Uint8Array(40).fill(0xff).fill(1, 0, 1)] as const,
  ],
  ['with control characters', manifest('1.0\u001b[2J')],
])('a manifest %s is left to the device', async (_, record) => {
  const facts = await read(block(1, [[...superblock(), record]]));
  expect(facts).toMatchObject({ version: null, api: null });
});

test('a manifest of format 2 also says its build', async () => {
  const facts = await read(block(1, [[...superblock(), manifest('1.5.0', [1, 2], 2)]]));
  expect(facts).toMatchObject({
    version: '1.5.0',
    build: '0123456789abcdef',
    api: { min: 1, max: 2 },
  });
});

test.each([
  [undefined, 0, '0123456789abcdef'],
  [undefined, 7, '0123456789abcdef'],
  [[0, 0, 0, 0, 0, 0, 0, 1], 0xffff_ffff, '0000000000000001'],
  // One that is all 0 is none.
  [[0, 0, 0, 0, 0, 0, 0, 0], 7, null],
])('a manifest of format 2 says build and sequence (%o, %i)', async (build, sequence, said) => {
  const record = manifest('1.5.0', [1, 2], 2, { ...(build && { build }), sequence });
  const facts = await read(block(1, [[...superblock(), record]]));
  expect(facts).toMatchObject({ version: '1.5.0', build: said, sequence });
});

const KEY = [0xd7, 0x5a, 0x98, 0x01, 0x82, 0xb1, 0x0a, 0xb7];

test('an image that is signed says by which key', async () => {
  const signed = [...superblock(), manifest('1.5.0'), signature(KEY), ...file];
  expect(await read(block(1, [signed]))).toMatchObject({ signer: 'd75a980182b10ab7' });
  expect(await read(block(1, [signed, [signature([0, ...KEY.slice(1)])]]))).toMatchObject({
    signer: '005a980182b10ab7',
  });
  expect(await read(block(1, [signed, [[0x373, 0, null]]]))).toMatchObject({ signer: null });
  const [kind, , data] = signature(KEY);
  const ofFile = [...superblock(), ...file, [kind, 1, data] as const];
  expect(await read(block(1, [ofFile]))).toMatchObject({ signer: null });
});

test.each([71, 73, 0])('a signature of %i bytes is none', async (length) => {
  const record = [0x373, 0, new Uint8Array(length).fill(1)] as const;
  expect(await read(block(1, [[...superblock(), record]]))).toMatchObject({ signer: null });
});

const starting = (...bytes: number[]) =>
  new Blob([new Uint8Array(bytes), new Uint8Array(16_384 - bytes.length)]);

test('a file that is something else says what it looks like', async () => {
  expect(await refused(new Blob())).toBe('other');
  expect(await refused(new Blob(['<!doctype html>']))).toBe('other');
  expect(await refused(starting(0xe9, 3))).toBe('firmware');
  expect(await refused(starting(0x1f, 0x8b))).toBe('other');
  expect(await refused(image(blank, blank))).toBe('other');
  expect(await refused(image(block(1, [file]), blank))).toBe('other');
});

test('an image that cannot be used says why', async () => {
  const of = (changes: Parameters<typeof superblock>[0]) => {
    const first = block(1, [superblock(changes)]);
    return refused(image(first, first));
  };
  expect(await of({ blockSize: 512 })).toBe('blocks 512');
  expect(await of({ version: 0x0002_0002 })).toBe('version 2.2');
  expect(await of({ version: 0x0001_0007 })).toBe('version 1.7');
});

test('an image that was cut off says so', async () => {
  const first = block(1, [whole]);
  expect(await refused(image(first, first).slice(0, 10_000))).toBe('cut-off');
  expect(await refused(image(first, first).slice(0, 4096))).not.toBe('');
});

test('a file that cannot be read is no image', async () => {
  const gone = { size: 8192, slice: () => ({ arrayBuffer: () => Promise.reject(new Error()) }) };
  expect(await refused(gone as unknown as Blob)).toBe('unreadable');
});

test('whatever the bytes are, the reader ends with facts or with NotAnImage', async () => {
  // A small generator with a fixed seed, so that a failure can be seen again.
  let seed = 20_260_101;
  const random = (below: number) => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((seed / 2 ** 32) * below);
  };
  const good = new Uint8Array(
    await image(block(1, [whole, [manifest('2')]], 1), block(2, [whole])).arrayBuffer(),
  );
  let facts = 0;
  for (let round = 0; round < 2000; round++) {
    const bytes = good.slice(0, random(8) ? good.length : random(good.length));
    for (let changes = random(6); changes > 0; changes--) {
      // Mostly where the records are, in one block or the other.
      const at = random(2) * 4096 + random(random(4) ? 260 : 4096);
      if (at < bytes.length) bytes[at] = random(256);
    }
    try {
      const { version } = await readImage(new Blob([bytes]));
      expect(['1.5.0', '2']).toContain(version);
      facts += 1;
    } catch (error) {
      expect(error).toBeInstanceOf(NotAnImage);
    }
  }
  expect(facts).toBeGreaterThan(100);
  expect(facts).toBeLessThan(1990);
});
