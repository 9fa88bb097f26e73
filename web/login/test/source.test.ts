// What the file may be made of: it is in the firmware as it stands.
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { source } from './load.js';

/** Bytes of flash, and what a compressing proxy would send. */
const RAW = 24_300;
const GZIP = 9_000;

test('it fits into its budget', () => {
  const gzip = gzipSync(source, { level: 9 }).length;
  const told = `${source.length} bytes, ${gzip} with gzip; allowed are ${RAW} and ${GZIP}`;
  expect(source.length <= RAW && gzip <= GZIP, told).toBe(true);
});

test('it loads nothing, and makes no markup of what a device says', () => {
  const code = source.toString('utf8');
  expect(code).not.toMatch(
    /\bimport\s*[({'"]|^import\b|innerHTML|insertAdjacentHTML|document\.write/m,
  );
  expect(code).not.toMatch(/https?:|eval\(|new Function|cookie/);
  // What is there for other tabs lets nobody in.
  expect(code.match(/localStorage/g)).toHaveLength(3);
  expect(code).toContain("store('localStorage', what)");
});
