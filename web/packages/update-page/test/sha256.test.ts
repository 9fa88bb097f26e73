// The hash, against the one that Node has.
import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { sha256 } from '../src/sha256.js';

test('it is SHA-256, for every length around the ends of its blocks', () => {
  for (let length = 0; length < 200; length++) {
    const bytes = Uint8Array.from({ length }, (_, i) => i * 7 + length);
    expect(sha256(bytes)).toBe(createHash('sha256').update(bytes).digest('hex'));
  }
});

test('a whole slot takes a moment, and it is right', () => {
  const bytes = new Uint8Array(1 << 20).fill(0xa5);
  expect(sha256(bytes)).toBe(createHash('sha256').update(bytes).digest('hex'));
});
