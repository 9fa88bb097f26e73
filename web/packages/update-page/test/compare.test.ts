// What a new frontend is to the one that runs.
import { expect, test } from 'vitest';
import { compareVersions, relation } from '../src/compare.js';

test.each([
  ['2.4.0', '2.5.0'],
  ['2.9.0', '2.10.0'],
  ['1.0', '1.0.1'],
  ['v1.2.3', '1.2.4'],
  ['1.0.0-beta.2', '1.0.0-beta.11'],
  ['1.0.0-1', '1.0.0-alpha'],
  ['1.0.0-rc.1', '1.0.0'],
  // As `git describe` counts the commits after a tag.
  ['1.0.0', '1.0.0-3-gabc1234'],
  ['1.0.0-3-gabc1234', '1.0.0-12-g0000000'],
  ['1.0.0-12-gabc1234', '1.0.1'],
  ['2026-11-28', '2026-12-01'],
  ['2026.11.28', '2026.12.1'],
  ['7', '8'],
])('%s is older than %s', (older, newer) => {
  expect(compareVersions(older, newer)).toBeLessThan(0);
  expect(compareVersions(newer, older)).toBeGreaterThan(0);
});

test.each([
  ['1.0.0', '1.0.0'],
  ['v1.0.0', '1.0.0'],
  ['1.0', '1.0.0'],
  ['1.0.0+build.1', '1.0.0+build.2'],
  ['dev', 'dev'],
])('%s is the same as %s', (a, b) => {
  expect(compareVersions(a, b)).toBe(0);
});

test.each([
  ['f00ba4', 'deadbeef'],
  ['dev', '1.0.0'],
  ['', '1.0.0'],
  ['spring', 'autumn'],
])('nobody can tell which of "%s" and "%s" is newer', (a, b) => {
  expect(compareVersions(a, b)).toBeNull();
});

test('whatever the versions are, one order is the other one turned round', () => {
  const some = ['', '1', '1.0', '1.0-a', '1.0-1', '1.0.0-1-gabc', 'v2', '2-', '1..2', '1.0-ä', 'x'];
  for (const a of some) {
    for (const b of some) {
      const [there, back] = [compareVersions(a, b), compareVersions(b, a)];
      expect(there === null ? null : Math.sign(there) + 0, `${a} ${b}`).toBe(
        back === null ? null : 0 - Math.sign(back),
      );
    }
  }
});

const frontend = (version: string | null, build: string | null, sha256: string | null) => ({
  version,
  build,
  sha256,
});

test.each([
  ['identical', frontend('1', null, 'aa'), frontend('2', null, 'aa')],
  ['identical', frontend('1', 'b1', null), frontend('1', 'b1', 'aa')],
  // The version is not in the files, so it may change without the build.
  ['newer', frontend('2', 'b1', null), frontend('1', 'b1', 'aa')],
  ['same', frontend('1', 'b1', 'bb'), frontend('1', 'b2', 'aa')],
  ['same', frontend('1', null, null), frontend('1', null, null)],
  ['newer', frontend('1.1', null, 'bb'), frontend('1.0', null, 'aa')],
  ['older', frontend('0.9', null, 'bb'), frontend('1.0', null, 'aa')],
  ['other', frontend(null, null, 'bb'), frontend('1.0', null, 'aa')],
  ['other', frontend(null, null, 'bb'), frontend(null, null, 'aa')],
])('%s', (expected, to, from) => {
  expect(relation(to, from)).toBe(expected);
});
