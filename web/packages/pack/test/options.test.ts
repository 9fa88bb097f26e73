// What users write, and what is made of it.
import { expect, test } from 'vitest';
import { matcher, parseApi, parseSize } from '../src/options.js';

test('sizes are read as partition tables and people write them', () => {
  for (const size of ['1MiB', '1M', '1024K', '1024 KiB', '1048576', '1mb', 1 << 20]) {
    expect(parseSize(size, 'size')).toBe(1 << 20);
  }
  expect(parseSize('300 kB', 'maxSize')).toBe(300 * 1024);
});

test.each(['', 'M', '1G', '-1', '1.5M', 'toString', NaN, -4096, 0.5, 2 ** 32])(
  'the size %o is refused with the name of its option',
  (size) => expect(() => parseSize(size, 'maxSize')).toThrow(/^maxSize: .* is no size/),
);

test('a range of APIs has one end or two', () => {
  expect(parseApi(undefined)).toBeNull();
  expect(parseApi(2)).toEqual([2, 2]);
  expect(parseApi([1, 3])).toEqual([1, 3]);
  for (const api of [0, 1.5, 70_000, [3, 1], [1, NaN]] as const) {
    expect(() => parseApi(api as number)).toThrow(/^api: /);
  }
});

test('files are left out by globs, regular expressions and functions', () => {
  const exclude = matcher(['**/*.map', 'docs/**', /^big\./, (path) => path === 'x/y'], 'exclude');
  for (const path of ['a.map', 'assets/b.js.map', 'docs/c/d.html', 'big.png', 'x/y', '.a/b.map']) {
    expect(exclude(path), path).toBe(true);
  }
  for (const path of ['a.js', 'x/docs/c', 'a/big.png', 'x/yz', 'docs.html']) {
    expect(exclude(path), path).toBe(false);
  }
  expect(matcher('*.txt', 'exclude')('a/b.txt')).toBe(false);
  expect(matcher(undefined, 'exclude')('index.html')).toBe(false);
  expect(() => matcher([7 as unknown as string], 'exclude')).toThrow(
    /globs, regular expressions or functions/,
  );
});
