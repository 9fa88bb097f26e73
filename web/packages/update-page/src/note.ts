// What a page tells the page that comes after it in the same tab: an update that runs, or its end.
import type { Outcome, Pending } from './follow.js';
import { forget, recall, remember } from './session.js';
import { record } from './shape.js';

/** Leaves the outcome of an update for the next page. */
export function leaveNote(outcome: Outcome): void {
  remember('outcome', JSON.stringify(outcome));
}

/** Takes the outcome that the page before left; there is one only once. */
export function takeNote(): Outcome | null {
  const outcome = read('outcome');
  if (!isFrame()) forget('outcome');
  return typeof record(outcome).result === 'string' ? (outcome as Outcome) : null;
}

/**
 * Leaves an update that the device has accepted for a page that may be loaded before it is over;
 * `null` when it is over.
 */
export function leavePending(pending: Pending | null): void {
  if (pending) remember('pending', JSON.stringify(pending));
  else forget('pending');
}

/** The update that the page before followed, for `resume`; it stays until `leavePending(null)`. */
export function recallPending(): Pending | null {
  const pending = read('pending');
  const { bootId, slot } = record(pending);
  return typeof bootId === 'string' && typeof slot === 'number' ? (pending as Pending) : null;
}

/** The page in the hidden frame has the same memory, but these notes are not for it. */
const isFrame = () => globalThis.self !== globalThis.top;

function read(key: string): unknown {
  try {
    return isFrame() ? null : JSON.parse(recall(key) ?? 'null');
  } catch {
    return null;
  }
}
