// The trial of the frontend as it was when it was last seen, which tells who ended it.
import type { Status } from 'faceplate-update-page/ota';

/** A trial that ends so much before its time was not ended by the device: it tells whole seconds, and its answers take a while. */
const EARLY_MS = 3000;

/** Who confirmed a frontend, as far as that can be known. */
export type By =
  /** The client that was to, or a person in its place. */
  | 'client'
  /** The device, when the time was over. No page confirms what the device is to. */
  | 'device'
  /** A person, before the device did. */
  | 'other';

/** A trial. */
export interface Seen {
  readonly confirm: 'client' | 'device';
  /** When its time is over, on the clock of `now`. */
  readonly over: number;
}

/** The trial that a status tells of; without one, what was seen before. */
export function look(status: Status | null, before: Seen | null, now: number): Seen | null {
  const trial = status?.trial;
  if (!trial) return before;
  return { confirm: trial.confirm, over: now + 1000 * trial.seconds_left };
}

/** Who ended it, if it was ended now; who never saw it knows of no one but the client. */
export function endedBy(seen: Seen | null, now: number): By {
  if (seen?.confirm !== 'device') return 'client';
  return seen.over > now + EARLY_MS ? 'other' : 'device';
}
