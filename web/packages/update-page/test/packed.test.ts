// @vitest-environment node
// What the packer puts into pages is made of `src/confirm.js`.
import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { confirmScript, PACKED } from '../scripts/confirm.js';

test('the script in the packer is that of this source: else `npm run build:confirm`', async () => {
  expect(await readFile(PACKED, 'utf8')).toBe(await confirmScript());
});
