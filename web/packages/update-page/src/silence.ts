// What it means that a device does not answer: a lost answer, a restart that was to come, or more.
import type { State } from './state.js';

/** One lost answer is no news; nor is a restart that nobody announced. */
export const PATIENCE_MS = 8000;
/** A chip restarts in seconds, but a phone may need a minute to find its Wi-Fi again. */
export const RESTART_MS = 60_000;
/** How exactly one knows when a trial ends. */
const SLACK_S = 3;

/** `quiet`: it may just be slow; `restarting`: it was about to restart; `lost`: for too long. */
export type Silence = 'none' | 'quiet' | 'restarting' | 'lost';

export function silenceOf(
  { status, heard, silent }: Pick<State, 'status' | 'heard' | 'silent'>,
  now: number,
): Silence {
  if (silent === null) return 'none';
  const ms = now - silent;
  if (status && ms < RESTART_MS) {
    const { trial, upload } = status;
    // All of it was there: what is left is a check of a second. (Of a patch it knows that when it has begun.)
    if (upload?.total && upload.received >= upload.total) return 'restarting';
    // It decides at the end of the trial, and that is a restart.
    if (trial && trial.seconds_left - (silent - heard) / 1000 <= SLACK_S) return 'restarting';
  }
  return ms < PATIENCE_MS ? 'quiet' : 'lost';
}
