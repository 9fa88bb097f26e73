// The images that were deployed last, and how a deployment says what it sends.
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { Cache, cacheFolder, MOST } from '../src/deploy/cache.js';
import { sending } from '../src/deploy/sent.js';

function temporary(): string {
  const folder = mkdtempSync(join(tmpdir(), 'faceplate-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const image = (seed: number) => new Uint8Array(8192).fill(seed);
const hash = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

test('an image is there by its hash once it was kept, and no other', () => {
  const cache = new Cache(join(temporary(), 'a', 'b'));
  expect(cache.get(hash(image(1)))).toBeNull();
  cache.put(hash(image(1)), image(1));
  expect(cache.get(hash(image(1)))).toEqual(image(1));
  expect(cache.get(hash(image(2)))).toBeNull();
});

test('what is not whole, or somebody else’s, is not there, and is mended', () => {
  const folder = temporary();
  const cache = new Cache(folder);
  writeFileSync(join(folder, `${hash(image(1))}.bin`), image(2));
  expect(cache.get(hash(image(1)))).toBeNull();
  cache.put(hash(image(1)), image(1));
  expect(cache.get(hash(image(1)))).toEqual(image(1));
  for (const name of ['', '..', '../x', 'F'.repeat(64), `${'f'.repeat(64)}/../x`]) {
    expect(cache.get(name)).toBeNull();
    cache.put(name, image(3));
  }
  expect(readdirSync(folder)).toHaveLength(1);
});

test('the oldest make room, and what is kept again is new', () => {
  const folder = temporary();
  const cache = new Cache(folder);
  const age = (seed: number, seconds: number) =>
    utimesSync(join(folder, `${hash(image(seed))}.bin`), seconds, seconds);
  writeFileSync(join(folder, 'README'), 'not ours');
  for (let seed = 0; seed < MOST; seed++) {
    cache.put(hash(image(seed)), image(seed));
    age(seed, 1000 + seed);
  }
  cache.put(hash(image(0)), image(0));
  cache.put(hash(image(99)), image(99));
  expect(cache.get(hash(image(1)))).toBeNull();
  for (const seed of [0, 2, 99]) expect(cache.get(hash(image(seed)))).toEqual(image(seed));
  expect(readdirSync(folder)).toHaveLength(MOST + 1);
});

test('a folder that cannot be is no error', () => {
  const folder = temporary();
  writeFileSync(join(folder, 'file'), '');
  const cache = new Cache(join(folder, 'file', 'cache'));
  cache.put(hash(image(1)), image(1));
  expect(cache.get(hash(image(1)))).toBeNull();
});

test('the folder is that of the project where there is one, or of the system', () => {
  const project = temporary();
  const home = homedir();
  for (const [platform, env, want] of [
    ['linux', {}, join(home, '.cache', 'faceplate')],
    ['linux', { XDG_CACHE_HOME: '/var/x' }, join('/var/x', 'faceplate')],
    ['darwin', {}, join(home, 'Library', 'Caches', 'faceplate')],
    ['win32', { LOCALAPPDATA: '/local' }, join('/local', 'faceplate')],
  ] as const) {
    expect(cacheFolder(project, platform, env)).toBe(want);
  }
  mkdirSync(join(project, 'node_modules'));
  const want = join(project, 'node_modules', '.cache', 'faceplate');
  expect(cacheFolder(project, 'linux', { XDG_CACHE_HOME: '/var/x' })).toBe(want);
  expect(cacheFolder(join(project, 'packages', 'page'), 'linux', {})).toBe(want);
});

test.each([
  ['patch', 'sending 2.0.0 (12.0 KiB of 344 KiB: what the device does not have)'],
  ['rest', 'the connection was lost; sending the rest of 2.0.0 (12.0 KiB of 344 KiB)'],
  ['asked', 'sending 2.0.0 (344 KiB)'],
  ['unknown', 'sending 2.0.0 (344 KiB): all of it, since the device does not tell what it has'],
  [
    'differs',
    'sending 2.0.0 (344 KiB): all of it, since nearly all of it differs from what the device has',
  ],
  ['refused', 'sending 2.0.0 (344 KiB): all of it, since the device did not take what differs'],
] as const)('how an image is sent is told: %s', (how, want) => {
  expect(sending('2.0.0', { bytes: 12_288, total: 352_256, how })).toBe(want);
});
