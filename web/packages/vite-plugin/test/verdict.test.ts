// What a deployment has come to, as a table.
import type { Outcome, Status } from 'faceplate-update-page/ota';
import type { Inspected } from 'faceplate-pack';
import { expect, test } from 'vitest';
import { endedBy, look, type By } from '../src/deploy/seen.js';
import {
  confirmed,
  doubt,
  failure,
  invitation,
  waitsInVain,
  type Confirm,
  type Facts,
} from '../src/deploy/verdict.js';

const FACTS: Facts = {
  ...{ name: '2', url: 'http://lamp/', confirm: 'page', within: 300, broken: null },
  means: 'script',
  build: '0123456789abcdef',
  last: 'The device says so.',
};
const back = (reason: 'not_confirmed' | 'kept_restarting'): Outcome => ({
  ...{ result: 'went_back', slot: 0, version: '1' },
  last: { outcome: 'fell_back', reason, from: 1, to: 0 },
});
const TAKEN: Outcome = {
  ...{ result: 'went_back', slot: 0, version: '1' },
  last: { outcome: 'rolled_back', reason: 'not_confirmed', from: 1, to: 0 },
};
const UPDATED: Outcome = { result: 'updated', slot: 1, version: '2' };

test.each<[string, Outcome, Partial<Facts>, string | null, string]>([
  [
    'that nobody confirmed',
    back('not_confirmed'),
    {},
    'went-back',
    'no page of it confirmed within',
  ],
  [
    'that its own code did not confirm',
    back('not_confirmed'),
    { means: 'app' },
    'went-back',
    'or it failed there, or its own code did not confirm it',
  ],
  [
    'that nothing in it may have, without a build id',
    back('not_confirmed'),
    { means: 'app', build: null },
    'went-back',
    'or it failed there, or nothing in it confirms, as it has no build id',
  ],
  [
    'that nothing in it could',
    back('not_confirmed'),
    { means: null },
    'went-back',
    'nobody confirmed it within 300 s, and no page of it seems to: faceplate-confirm.js is not in the image',
  ],
  [
    'nothing of that to who',
    back('not_confirmed'),
    { means: null, confirm: 'load' },
    'went-back',
    'says so.',
  ],
  ['what the device says', back('kept_restarting'), {}, 'went-back', 'not 2: The device says so.'],
  ['what a person did', TAKEN, {}, 'went-back', 'not 2: The device says so.'],
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

test.each<[Inspected['confirms'], build: boolean, warned: string | null, invited: string]>([
  ['script', true, null, 'the new frontend confirms itself there'],
  ['app', true, null, 'the new frontend confirms itself there'],
  ['app', false, 'the image has no build id', 'the new frontend confirms itself there'],
  [null, true, 'no page of this image seems to confirm itself', 'If nobody keeps it within 77 s'],
  [null, false, 'no page of this image seems to confirm itself', 'If nobody keeps it within 77 s'],
])(
  'before an image is waited for that %s confirms (build id: %s), that is said',
  (means, build, warned, invited) => {
    const image = { confirms: means, build: build ? '0'.repeat(16) : null } as Inspected;
    const warning = waitsInVain(image);
    if (warned) expect(warning).toMatch(new RegExp(`^${warned}.*--confirm load`));
    else expect(warning).toBeNull();
    expect(invitation(means, 'http://lamp/', 77)).toContain(invited);
  },
);

const NOT_RUN = 'that its scripts run, nobody has seen';
test.each<[Confirm, By, string, warned: boolean]>([
  ['page', 'client', 'confirmed', false],
  ['page', 'device', 'confirmed by the device', true],
  ['page', 'other', 'confirmed by somebody, before the device did', true],
  ['load', 'client', `confirmed because it loads; ${NOT_RUN}`, false],
  ['device', 'client', 'confirmed', false],
  ['device', 'device', `confirmed by the device, which serves it; ${NOT_RUN}`, false],
  ['device', 'other', 'confirmed by somebody, before the device did', false],
])('with --confirm %s what the %s confirmed is called so', (confirm, by, words, warned) => {
  expect(confirmed(confirm, by)).toBe(words);
  expect(doubt(confirm, by)).toBe(warned ? `${words}; no page said so` : null);
});

test.each<[what: string, confirm: 'client' | 'device', left: number, after: number, By]>([
  ['a client was to, in time', 'client', 50, 2000, 'client'],
  ['a client was to, at the last moment', 'client', 1, 1000, 'client'],
  ['the device was to, when its time was over', 'device', 1, 1000, 'device'],
  ['the device was to, in about that time', 'device', 4, 1300, 'device'],
  ['the device was to, long before', 'device', 20, 1000, 'other'],
])('where %s (%#), that tells who ended the trial', (_, confirm, left, after, by) => {
  const trial = { trial: { confirm, seconds_left: left, boots_left: 2 } } as Status;
  const seen = look({ trial: null } as Status, look(trial, null, 5000), 6000);
  expect(endedBy(seen, 5000 + after)).toBe(by);
  expect(endedBy(look(null, null, 0), 0)).toBe('client');
});
