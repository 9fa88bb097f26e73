// What a page at rest asks of the one before it in the same tab; the rest of it is note.ts.
import { forget, recall } from './session.js';
import { record } from './shape.js';
import type { End, State } from './state.js';
import { isUnseen } from './unseen.js';

/** Takes the end that the page before left; there is one only once. */
export function takeNote(): End | null {
  const end = read('outcome');
  if (!isUnseen()) forget('outcome');
  return typeof record(end).kind === 'string' ? (end as End) : null;
}

export function recallFailed(): State['failed'] {
  return record(read('failed')) as State['failed'];
}

/** The page in the hidden frame has the same memory, but these notes are not for it. */
export function read(key: string): unknown {
  try {
    return isUnseen() ? null : JSON.parse(recall(key) ?? 'null');
  } catch {
    return null;
  }
}
