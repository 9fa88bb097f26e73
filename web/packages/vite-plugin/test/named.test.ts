// Which files of a bundle are named by their content: what bundlers and plugins do to names.
import { expect, test } from 'vitest';
import { namedByContent } from '../src/named.js';

const VITE = 'assets/[name]-[hash][extname]';

const chunk = (preliminaryFileName: string, fileName: string) =>
  namedByContent(
    { assetFileNames: VITE },
    {
      x: { type: 'chunk', fileName, preliminaryFileName },
    },
  ).length === 1;

const asset = (name: string | null, fileName: string, assetFileNames: unknown = VITE) =>
  namedByContent(
    { assetFileNames },
    {
      x: { type: 'asset', fileName, names: name === null ? [] : [name] },
    },
  ).length === 1;

test.each([
  ['assets/index-!~{001}~.js', 'assets/index-BkD3x9Qz.js'],
  ['assets/index-!~{001}~.js', 'assets/index-B-D3_9Qz.js'],
  // The 64th chunk, and a hash of another length.
  ['assets/index-!~{00$}~.js', 'assets/index-BkD3x9Qz.js'],
  ['!~{0000001}~.js', '0123456789ab.js'],
  ['a/!~{001}~/b.!~{001}~.mjs', 'a/BkD3x9Qz/b.BkD3x9Qz.mjs'],
  ['a (1)+[x]-!~{001}~.js', 'a (1)+[x]-BkD3x9Qz.js'],
])('a chunk that was to be %s is named by its content as %s', (before, name) => {
  expect(chunk(before, name)).toBe(true);
});

test.each([
  ['assets/index.js', 'assets/index.js'],
  ['assets/index-BkD3x9Qz.js', 'assets/index-BkD3x9Qz.js'],
  // Renamed by a plugin.
  ['assets/index-!~{001}~.js', 'assets/index.js'],
  ['assets/index-!~{001}~.js', 'assets/index-main.js'],
  ['assets/index-!~{001}~.js', 'assets/index-BkD3x9Qz2.js'],
  ['assets/index-!~{001}~.js', 'assets/index-BkD3x9Qz.min.js'],
  ['assets/index-!~{001}~.js', 'assets/x/index-BkD3x9Qz.js'],
  ['assets/index.!~{001}~.js', 'assets/index-BkD3x9Qz.js'],
])('a chunk that was to be %s is not as %s', (before, name) => {
  expect(chunk(before, name)).toBe(false);
});

test.each([
  ['logo.svg', 'assets/logo-BkD3x9Qz.svg', VITE],
  ['app.min.css', 'assets/app.min-BkD3x9Qz.css', VITE],
  ['fonts/inter.woff2', 'assets/fonts/inter-BkD3x9Qz.woff2', VITE],
  ['a&b?.png', 'assets/a_b_-BkD3x9Qz.png', VITE],
  ['größe.png', 'assets/größe-BkD3x9Qz.png', VITE],
  ['LICENSE', 'assets/LICENSE-BkD3x9Qz', VITE],
  ['logo.svg', 'img/0123456789.svg', 'img/[hash:10].[ext]'],
  ['logo.svg', 'img/logo.svg.BkD3x9Qz', () => 'img/[name].[ext].[hash]'],
] as const)('an asset called %s is named by its content as %s', (name, file, pattern) => {
  expect(asset(name, file, pattern)).toBe(true);
});

test.each([
  // Emitted with its file name, however that looks.
  [null, 'assets/logo-BkD3x9Qz.svg', VITE],
  ['logo.svg', 'assets/logo.svg', VITE],
  ['logo.svg', 'assets/logo-dark.svg', VITE],
  ['logo.svg', 'assets/other-BkD3x9Qz.svg', VITE],
  ['logo.svg', 'assets/logo-BkD3x9Qz.png', VITE],
  ['logo.svg', 'assets/logo-BkD3x9Qz2.svg', VITE],
  ['a.b.svg', 'assets/axb-BkD3x9Qz.svg', VITE],
  ['logo.svg', 'img/BkD3x9Qz.svg', 'img/[hash:10].[ext]'],
  ['logo.svg', 'assets/logo-BkD3x9Qz.svg', 'assets/[name][extname]'],
  ['logo.svg', 'assets/logo-BkD3x9Qz.svg', null],
  [
    'logo.svg',
    'assets/logo-BkD3x9Qz.svg',
    () => {
      throw new Error('no such asset');
    },
  ],
] as const)('an asset called %s is not as %s', (name, file, pattern) => {
  expect(asset(name, file, pattern)).toBe(false);
});
