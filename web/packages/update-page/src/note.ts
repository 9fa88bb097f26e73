// What a page tells the page that comes after it in the same tab: an update that runs, or its end.
import type { Pending } from './follow.js';
import { read } from './left.js';
import { forget, remember } from './session.js';
import { record } from './shape.js';
import type { End, Run, State } from './state.js';
import type { LastChange } from './status.js';

export { recallFailed, takeNote } from './left.js';

/** What is told of an update besides: what it replaces, and by what. */
type Names = Partial<Pick<Run, 'what' | 'from' | 'to'>>;
/** And what the hidden frame told of it so far. */
type Told = Names & Partial<Pick<State, 'report'>>;

/** An upload that runs: what one needs to know what became of it. */
export interface Sending extends Names {
  /** Of the device before. */
  readonly bootId: string;
  readonly active: number;
  readonly last: LastChange | null;
  readonly total: number;
  readonly within: number;
}

/** Leaves the end of an update for the next page. */
export function leaveNote(end: End): void {
  remember('outcome', JSON.stringify(end));
}

/**
 * Leaves an update that the device has accepted for a page that may be loaded before it is over;
 * `null` when it is over.
 */
export function leavePending(pending: (Pending & Told) | null): void {
  leave('pending', pending);
}

/** The update that the page before followed, for `resume`; it stays until `leavePending(null)`. */
export function recallPending(): (Pending & Told) | null {
  const pending = read('pending');
  const { bootId, slot } = record(pending);
  return typeof bootId === 'string' && typeof slot === 'number' ? (pending as Pending) : null;
}

/** Leaves an upload that runs; `null` when the device has all of it, or it is over. */
export function leaveSending(sending: Sending | null): void {
  leave('sending', sending);
}

export function recallSending(): Sending | null {
  const sending = read('sending');
  const { bootId, total } = record(sending);
  return typeof bootId === 'string' && typeof total === 'number' ? (sending as Sending) : null;
}

/** Leaves how frontends failed here, since the device forgets that with its next change. */
export function leaveFailed(failed: State['failed']): void {
  leave('failed', failed);
}

function leave(key: string, value: unknown): void {
  if (value) remember(key, JSON.stringify(value));
  else forget(key);
}
