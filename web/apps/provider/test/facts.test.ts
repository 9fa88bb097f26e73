// What the device is and runs, in words.
import type { Status } from 'faceplate-update-page/ota';
import { expect, test } from 'vitest';
import { frontend, uptime } from '../src/live/facts.js';

test.each([
  [0, '0 d 00:00:00'],
  [59_999, '0 d 00:00:59'],
  [86_399_000, '0 d 23:59:59'],
  [90_061_000, '1 d 01:01:01'],
])('%i ms are %s', (ms, text) => {
  expect(uptime(ms)).toBe(text);
});

test.each([
  ['1.2.0', 'settled', '1.2.0'],
  ['1.2.0', 'trial', '1.2.0 (on trial)'],
  [null, 'recovery', 'no version (cannot be served)'],
] as const)('%s, %s: %s', (version, state, text) => {
  const status = { slots: [{ version }], active: 0, state } as unknown as Status;
  expect(frontend(status)).toBe(text);
});
