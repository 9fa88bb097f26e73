// @vitest-environment jsdom
// All that the dialog shows, as a table.
import { beforeAll, describe, expect, test } from 'vitest';
import { load, type Login } from './load.js';

let login: Login;
beforeAll(async () => {
  login = await load('http://device');
});

const CALM: State = { mode: 'ask', busy: false, fault: null, wait: 0 };
const see = (state: Partial<State>, language = 0) =>
  login.view({ ...CALM, ...state }, login.WORDS[language] as Words);

test.each<[string, Partial<State>, Partial<View>]>([
  [
    'asking',
    {},
    {
      title: 'Password of the device',
      labels: ['Password'],
      autocomplete: 'current-password',
      error: '',
      submit: 'Log in',
      cancel: 'Cancel',
      disabled: false,
      invalid: false,
    },
  ],
  [
    'setting the first one',
    { mode: 'set' },
    {
      title: 'Give the device a password',
      labels: ['New password, 8 characters or more', 'The same again'],
      autocomplete: 'new-password',
      submit: 'Set it',
      error: '',
      disabled: false,
    },
  ],
  [
    'changing it',
    { mode: 'change' },
    { title: 'Change the password', autocomplete: 'new-password', submit: 'Change it' },
  ],
  ['busy', { busy: true }, { submit: 'One moment …', disabled: true, error: '', invalid: false }],
  ['busy after a fault', { busy: true, fault: 'wrong' }, { error: '', invalid: false }],
  [
    'wrong',
    { fault: 'wrong' },
    { error: 'That is not the password.', submit: 'Log in', disabled: false, invalid: true },
  ],
  [
    'slowed',
    { fault: 'slow', wait: 8 },
    { error: 'Too many were wrong. Wait for 8 s.', disabled: true, invalid: false },
  ],
  ['slowed, and over', { fault: 'slow', wait: 0 }, { error: '', disabled: false }],
  [
    'too short',
    { mode: 'set', fault: 'short' },
    { error: 'It has fewer than 8 characters.', invalid: true },
  ],
  [
    'twice different',
    { mode: 'set', fault: 'differs' },
    { error: 'The two are not the same.', invalid: true },
  ],
  [
    'unreachable',
    { fault: 'unreachable' },
    { error: 'The device does not answer. Try again.', invalid: false, disabled: false },
  ],
  [
    'not proved',
    { fault: 'unproved' },
    {
      error: 'This device did not prove that it knows the password. It may be another one.',
      invalid: false,
    },
  ],
  ['refused', { fault: 'refused' }, { error: 'The device did not take it. Try again.' }],
])('%s', (_, state, expected) => {
  expect(see(state)).toMatchObject(expected);
});

describe('every language', () => {
  const flat = (value: unknown, path = ''): [string, string][] =>
    typeof value === 'string'
      ? [[path, value]]
      : Object.entries(value as object).flatMap(([key, inner]) => flat(inner, `${path}.${key}`));

  test('has the same words, all of them translated', () => {
    const [en, de] = login.WORDS.map((words) => new Map(flat(words)));
    expect([...(de as Map<string, string>).keys()]).toEqual([
      ...(en as Map<string, string>).keys(),
    ]);
    for (const [key, text] of en as Map<string, string>) {
      expect(de?.get(key), key).not.toBe(text);
      expect(de?.get(key)?.includes('%'), key).toBe(text.includes('%'));
      expect(text, key).not.toMatch(/undefined|\.\.|\s{2}/);
    }
  });

  test('tells how long to wait', () => {
    expect(see({ fault: 'slow', wait: 8 }, 1).error).toBe(
      'Zu viele waren falsch. Warten Sie 8 Sek.',
    );
  });
});
