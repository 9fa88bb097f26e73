// What a deployment has come to, as a table.
import type { Outcome } from 'faceplate-update-page/ota';
import { expect, test } from 'vitest';
import { failure, type Facts } from '../src/deploy/verdict.js';

const FACTS: Facts = {
  ...{ name: '2', url: 'http://lamp/', confirm: 'page', within: 300, broken: null },
  last: 'The device says so.',
};
const back = (reason: 'not_confirmed' | 'kept_restarting'): Outcome => ({
  ...{ result: 'went_back', slot: 0, version: '1' },
  last: { outcome: 'fell_back', reason, from: 1, to: 0 },
});
const UPDATED: Outcome = { result: 'updated', slot: 1, version: '2' };

test.each<[string, Outcome, Partial<Facts>, string | null, string]>([
  [
    'that nobody confirmed',
    back('not_confirmed'),
    {},
    'went-back',
    'no page of it confirmed within',
  ],
  ['what the device says', back('kept_restarting'), {}, 'went-back', 'not 2: The device says so.'],
  ['what we found', back('not_confirmed'), { broken: 'no /x' }, 'went-back', 'not 2: no /x'],
  ['what the device says', back('not_confirmed'), { confirm: 'load' }, 'went-back', 'says so.'],
  ['no more', back('kept_restarting'), { last: null }, 'went-back', 'went back to 1, not 2'],
  ['that it stays', { ...UPDATED, kept: true }, {}, 'not-confirmed', 'nothing to go back to'],
  ['that nothing is there', { result: 'recovery' }, {}, 'recovery', 'deploy again'],
  ['nothing', UPDATED, {}, null, ''],
])('of an outcome is told %s (%#)', (_, outcome, facts, kind, words) => {
  const failed = failure(outcome, { ...FACTS, ...facts });
  expect(failed?.kind ?? null).toBe(kind);
  expect(failed?.message ?? '').toContain(words);
});
