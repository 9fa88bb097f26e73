// How the new frontend is loaded.
import { expect, test } from 'vitest';
import { timeFor } from '../src/deploy/check.js';

test.each([
  [0, 20],
  [60_000, 20.937],
  [1 << 20, 36.384],
  [4 << 20, 85.536],
])('a file of %d bytes has the time that a weak network takes', (bytes, seconds) => {
  expect(timeFor(bytes)).toBe(1000 * seconds);
});
