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
  const outcome = take('outcome');
  return typeof record(outcome).result === 'string' ? (outcome as Outcome) : null;
}

/** Leaves an update that the device has accepted for a page that may be loaded meanwhile; `null` ends that. */
export function leavePending(pending: Pending | null): void {
  if (pending) remember('pending', JSON.stringify(pending));
  else forget('pending');
}

/** Takes the update that the page before followed, for `resume`; there is one only once. */
export function takePending(): Pending | null {
  const pending = take('pending');
  const { bootId, slot } = record(pending);
  return typeof bootId === 'string' && typeof slot === 'number' ? (pending as Pending) : null;
}

function take(key: string): unknown {
  const text = recall(key);
  forget(key);
  try {
    return text && JSON.parse(text);
  } catch {
    return null;
  }
}
