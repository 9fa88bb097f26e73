// Going back to the other slot, until it is known what runs.
import { type Device, Unreachable } from './device.js';
import { type FollowOptions, type Outcome, EVERY_MS, look, resume } from './follow.js';
import { sleep } from './wait.js';

/** What runs after a rollback. */
export type RollbackOutcome =
  | { readonly result: 'rolled_back'; readonly slot: number; readonly version: string | null }
  | Exclude<Outcome, { result: 'updated' }>;

/** How long one looks whether a device restarts whose answer did not come: its check of the slot takes seconds. */
const LOST_LIMIT_MS = 10_000;

export interface RollbackOptions extends FollowOptions {
  /** Milliseconds in which a device whose answer got lost must restart; default 10 000. */
  readonly lostLimitMs?: number;
}

/**
 * Goes back to the other slot and waits for the restart. The frontend that runs then is on trial by
 * the device, which confirms it by itself.
 *
 * Throws a `Problem` where the device refuses, `Unreachable` where it is lost, and the signal's
 * reason where it was aborted.
 */
export async function rollBack(
  device: Device,
  options: RollbackOptions = {},
): Promise<RollbackOutcome> {
  const { signal } = options;
  const before = await device.status(signal ? { signal } : {});
  const slot = 1 - before.active;
  const { sha256 = null, version = null } = before.slots[slot] ?? {};
  const bootId = before.device.boot_id;
  try {
    await device.rollback();
  } catch (error) {
    if (!(error instanceof Unreachable) || !(await restarts(device, bootId, options))) throw error;
  }
  const pending = { bootId, slot, sha256, version, within: null };
  const outcome = await resume(device, pending, options);
  return outcome.result === 'updated'
    ? { result: 'rolled_back', slot, version: outcome.version }
    : outcome;
}

async function restarts(
  device: Device,
  bootId: string,
  { signal, everyMs = EVERY_MS, lostLimitMs = LOST_LIMIT_MS }: RollbackOptions,
): Promise<boolean> {
  const until = Date.now() + lostLimitMs;
  while (Date.now() < until) {
    await sleep(everyMs, signal);
    const status = await look(device, signal);
    if (status && status.device.boot_id !== bootId) return true;
  }
  return false;
}
