// The packer as it is called from here: the golden image, refusals, and modules that misbehave.
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { Writer } from '../src/message.js';
import { assets, inspect, pack, type PackOptions } from '../src/packer.js';
import { call, Refused } from '../src/wasm.js';
import { noise } from './project.js';

const OPTIONS: PackOptions = { size: 1 << 20, version: null, api: null, gzip: 'auto' };

const text = (length: number) => {
  const line = 'const answer = 42; // the same line again\n';
  return Buffer.from(line.repeat(Math.ceil(length / line.length)).slice(0, length));
};

/** The same files as in crates/faceplate-pack/tests/pack.rs. */
const SITE = Object.entries({
  'index.html': text(2000),
  'assets/app.js': text(300_000),
  'assets/logo.png': noise(20_000),
  'assets/deep/er/font.woff2': noise(5000),
  'favicon.svg': Buffer.from('<svg/>'),
  'empty.txt': Buffer.alloc(0),
  '.DS_Store': noise(100),
}).map(([path, bytes]) => ({ path, bytes }));

// A change of these is a change of every image that users have packed; Rust's tests have the same.
test.each([
  ['never', '0f9182dfeeb32a7ec42fc6dd93f968d5d829ed810f8c76455a01fbf053ac180e'],
  ['auto', 'bc2ad66f907e5bd0ea66a630fe06ace53effd3bcb2be55473f3cff64d02ee09b'],
] as const)('the image is the one that every machine makes (gzip %s)', (gzip, sha256) => {
  const packed = pack(SITE, { ...OPTIONS, gzip });
  expect(packed.sha256).toBe(sha256);
  expect(inspect(packed.image).sha256).toBe(sha256);
});

test('the report is what inspecting finds', () => {
  const packed = pack(SITE, { ...OPTIONS, version: '1.2.3', api: [1, 3] });
  const found = inspect(packed.image);
  expect(found.manifest).toEqual({ version: '1.2.3', api: [1, 3] });
  expect([packed.build, found.build]).toEqual([null, null]);
  expect(packed).toMatchObject({ version: '1.2.3', skipped: ['.DS_Store'], blocksTotal: 256 });
  expect(packed.blocksUsed * 4096).toBe(packed.image.length);
  const reported = packed.files.map(({ storedAs, stored }) => [storedAs, stored]);
  expect(new Map(reported as [string, number][])).toEqual(
    new Map([...found.files].map(([name, bytes]) => [name, bytes.length])),
  );
  const app = packed.files.find(({ path }) => path === 'assets/app.js');
  expect(app).toMatchObject({ raw: 300_000, storedAs: 'assets/app.js.gz' });
});

test('what is compressed is what zlib unpacks, with places in it where it comes back into step', () => {
  const { files } = inspect(pack(SITE, OPTIONS).image);
  const app = Buffer.from(files.get('assets/app.js.gz') ?? []);
  expect(gunzipSync(app).equals(text(300_000))).toBe(true);
  // A sync flush ends with an empty block that is stored.
  const flushes = app.toString('latin1').split('\x00\x00\xff\xff').length - 1;
  expect(flushes).toBeGreaterThanOrEqual(Math.floor(300_000 / (32 << 10)));
});

test('files stay where they are in a base, and other bytes are none', () => {
  const old = pack(SITE, OPTIONS);
  // The picture and the font are the first on flash; a picture that grew moves to the end.
  const grown = SITE.map(({ path, bytes }) => ({
    path,
    bytes: path.endsWith('.png') ? noise(30_000) : bytes,
  }));
  const [plain, kept] = [null, old.image].map((base) => pack(grown, { ...OPTIONS, base }));
  expect([old.blocksFree, plain?.blocksFree, kept?.blocksFree]).toEqual([0, 0, 5]);
  expect(kept?.blocksUsed).toBe((plain?.blocksUsed ?? 0) + 5);
  expect(inspect(kept?.image as Uint8Array).blocksFree).toBe(5);
  expect(pack(SITE, { ...OPTIONS, base: old.image }).sha256).toBe(old.sha256);
  const base = Buffer.from('PK');
  expect(() => pack(SITE, { ...OPTIONS, base })).toThrow(/^the base: not an image: 2 bytes long/);
});

test('every file is marked, and only those as immutable that were listed', () => {
  const { image, files } = pack(SITE, { ...OPTIONS, immutable: ['assets/app.js', 'index.html'] });
  expect(files.filter(({ immutable }) => immutable).map(({ path }) => path)).toEqual([
    'assets/app.js',
  ]);
  expect(inspect(image).immutable).toEqual(new Set(['assets/app.js.gz']));
});

test.each([
  ['id', []],
  ['confirm', ['faceplate-confirm.js']],
] as const)(
  'what stamping changes comes back, and a build that has its stamp keeps its id (%s)',
  (stamp, script) => {
    const packed = pack(SITE, { ...OPTIONS, stamp });
    expect(packed.build).toMatch(/^[0-9a-f]{16}$/);
    expect(inspect(packed.image).build).toBe(packed.build);
    expect(inspect(packed.image).confirms).toBe(stamp === 'id' ? null : 'script');
    expect(packed.changed.map(({ path }) => path)).toEqual([...script, 'index.html']);
    expect([packed.unstamped, packed.dropped]).toEqual([[], []]);
    const changed = packed.changed.map(({ path }) => path);
    const site = [...SITE.filter(({ path }) => !changed.includes(path)), ...packed.changed];
    const again = pack(site, { ...OPTIONS, stamp });
    expect(again).toMatchObject({ build: packed.build, sha256: packed.sha256, changed: [] });
    expect(pack(site, OPTIONS)).toMatchObject({ build: packed.build, sha256: packed.sha256 });
    const other = pack([...site, { path: 'x', bytes: Buffer.from('x') }], { ...OPTIONS, stamp });
    expect(other.build).not.toBe(packed.build);
  },
);

test('an app that asks the device may confirm by its own code', () => {
  const app = { path: 'api.js', bytes: Buffer.from('fetch("api/ota/confirm")') };
  expect(inspect(pack([...SITE, app], OPTIONS).image).confirms).toBe('app');
});

test('what cannot be packed or is no image is refused in words', () => {
  expect(() => pack([], OPTIONS)).toThrow(/there is no index\.html at the top/);
  expect(() => pack(SITE, { ...OPTIONS, size: 5000 })).toThrow(/no slot is 5000 bytes large/);
  expect(() => inspect(Buffer.from('PK'))).toThrow(Refused);
  const { image } = pack(SITE, OPTIONS);
  // The font begins with the same bytes, and comes first.
  const logo = Buffer.from(image.buffer).lastIndexOf(noise(20_000).subarray(0, 64));
  image[logo + 1000] = (image[logo + 1000] ?? 0) ^ 1;
  expect(() => inspect(image)).toThrow('assets/logo.png: content does not match its hash');
});

test("a page's assets are found with the files that they ask for", () => {
  const page =
    '<script src="/a%20b.js"></script><img src="http://lamp:81/x.png"><img src="//other/">';
  expect(assets(Buffer.from(page), 'lamp:81')).toEqual([
    { path: '/a%20b.js', file: 'a b.js', needed: true, outside: false },
    { path: '/x.png', file: 'x.png', needed: false, outside: false },
  ]);
  const below = '<script src="./a.js"></script><script src="/b.js"></script>';
  expect(assets(Buffer.from(below), 'lamp:81/kitchen')).toMatchObject([
    { path: '/a.js', outside: false },
    { path: '/b.js', outside: true },
  ]);
});

test('a request that cannot be read is a mistake of the caller, and no refusal', () => {
  const broken = () => call('pack', new Writer().number(1));
  expect(broken).toThrow(/do not understand each other: .* in front of a field/);
  expect(broken).not.toThrow(Refused);
});

/** A module of one page whose `pack` runs `body`, written by hand. */
function fake(body: number[]): WebAssembly.Module {
  const name = (text: string) => [text.length, ...Buffer.from(text)];
  const section = (id: number, bytes: number[]) => [id, bytes.length, ...bytes];
  const exports = [
    ['memory', 2, 0],
    ['request', 0, 0],
    ['response', 0, 1],
    ['pack', 0, 2],
  ] as const;
  const code = (bytes: number[]) => [bytes.length + 2, 0, ...bytes, 0x0b];
  return new WebAssembly.Module(
    Uint8Array.from([
      ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
      // Types: (i32) -> i32 and () -> i32.
      ...section(1, [2, 0x60, 1, 0x7f, 1, 0x7f, 0x60, 0, 1, 0x7f]),
      ...section(3, [3, 0, 1, 1]),
      ...section(5, [1, 0, 1]),
      ...section(7, [exports.length, ...exports.flatMap(([n, ...at]) => [...name(n), ...at])]),
      // `request` and `response` give 16.
      ...section(10, [3, ...code([0x41, 16]), ...code([0x41, 16]), ...code(body)]),
    ]),
  );
}

test('a trap ends a call and does not poison the next one', () => {
  const request = new Writer().number(1);
  const trap = fake([0x00]);
  expect(() => call('pack', request, trap)).toThrow(WebAssembly.RuntimeError);
  expect(() => call('pack', request, trap)).toThrow(WebAssembly.RuntimeError);
  expect(pack(SITE, OPTIONS).files).toHaveLength(6);
});

test('an answer that is cut, lies outside of the memory or has no meaning is an error', () => {
  const request = new Writer().number(0);
  // Two bytes; one more than the memory has; four of the request, which say OK and then nothing.
  expect(() => call('pack', request, fake([0x41, 2]))).toThrow(/ends early/);
  expect(() => call('pack', request, fake([0x41, 0x7f]))).toThrow(RangeError);
  const nothing = call('pack', request, fake([0x41, 4]));
  expect(() => nothing.text()).toThrow(/ends early/);
  const odd = new Writer().number(77).text('odd');
  expect(() => call('pack', odd, fake([0x41, 11]))).toThrow(/do not understand each other: odd/);
});
