// @vitest-environment jsdom
// What a page tells the page that comes after it in the same tab.
import { afterEach, expect, test, vi } from 'vitest';
import { leaveNote, leavePending, recallPending, takeNote } from '../src/note.js';

afterEach(() => {
  vi.unstubAllGlobals();
  sessionStorage.clear();
});

const outcome = { kind: 'updated', to: { version: '1.5.0', build: null }, kept: false } as const;
const pending = { bootId: 'x', slot: 1, sha256: null, version: null, within: 60 };

test('a note is taken once', () => {
  expect(takeNote()).toBeNull();
  leaveNote(outcome);
  expect(takeNote()).toEqual(outcome);
  expect(takeNote()).toBeNull();
});

test('an update that runs is known until it is over', () => {
  expect(recallPending()).toBeNull();
  leavePending(pending);
  expect(recallPending()).toEqual(pending);
  expect(recallPending()).toEqual(pending);
  leavePending(null);
  expect(recallPending()).toBeNull();
});

test('what is in the memory but no note is none', () => {
  for (const text of ['{', 'null', '7', '{}', '{"bootId":1}', '{"kind":null}']) {
    sessionStorage.setItem('faceplate-outcome', text);
    sessionStorage.setItem('faceplate-pending', text);
    expect(recallPending()).toBeNull();
    expect(takeNote()).toBeNull();
  }
});

test('the page in the hidden frame leaves the notes to the page around it', () => {
  leaveNote(outcome);
  leavePending(pending);
  vi.stubGlobal('name', 'faceplate-unseen');
  expect(takeNote()).toBeNull();
  expect(recallPending()).toBeNull();
  vi.unstubAllGlobals();
  expect(takeNote()).toEqual(outcome);
  expect(recallPending()).toEqual(pending);
});

test('a browser without a memory has no notes, and no errors', () => {
  vi.stubGlobal('sessionStorage', undefined);
  leaveNote(outcome);
  leavePending(pending);
  leavePending(null);
  expect(takeNote()).toBeNull();
  expect(recallPending()).toBeNull();
});
