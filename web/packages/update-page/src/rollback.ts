// Going back to the other slot, until it is known what runs.
import { type Device, Unreachable } from './device.js';
import { type FollowOptions, type Outcome, EVERY_MS, look, resume } from './follow.js';
import type { Status } from './status.js';
import { sleep } from './wait.js';

/** What runs after a rollback. */
export type RollbackOutcome =
  | { readonly result: 'rolled_back'; readonly slot: number; readonly version: string | null }
  | Exclude<Outcome, { result: 'updated' }>;

/** How long a device is asked whose answer to the request did not come. */
const LOST_MS = 10_000;

/**
 * Goes back to the other slot and waits for the restart. The frontend that runs then is on trial by
 * the device, which confirms it by itself.
 *
 * Throws a `Problem` where the device refuses, `Unreachable` where it is lost, and the signal's
 * reason where it was aborted.
 */
export async function rollBack(
  device: Device,
  options: FollowOptions = {},
): Promise<RollbackOutcome> {
  const { signal } = options;
  const before = await device.status(signal ? { signal } : {});
  const slot = 1 - before.active;
  const { sha256 = null, version = null } = before.slots[slot] ?? {};
  try {
    await device.rollback();
  } catch (error) {
    if (!(error instanceof Unreachable) || !(await happens(device, before, options))) throw error;
  }
  const pending = { bootId: before.device.boot_id, slot, sha256, version, within: null };
  const outcome = await resume(device, pending, options);
  return outcome.result === 'updated'
    ? { result: 'rolled_back', slot, version: outcome.version }
    : outcome;
}

/** Whether a device whose answer got lost restarts all the same. */
async function happens(
  device: Device,
  before: Status,
  { signal, everyMs = EVERY_MS }: FollowOptions,
): Promise<boolean> {
  for (const until = Date.now() + LOST_MS; Date.now() < until; await sleep(everyMs, signal)) {
    const status = await look(device, signal);
    if (!status) continue;
    if (status.device.boot_id !== before.device.boot_id) return true;
    // One that answers and does not restart has not got the request, after its usual pause.
    if (Date.now() > until - LOST_MS / 2) return false;
  }
  return false;
}
