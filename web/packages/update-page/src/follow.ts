// From the moment when a device is about to restart to the verdict on what it runs then.
import { type DeviceReader, Unreachable } from './reader.js';
import type { LastChange, Status } from './status.js';
import { sleep } from './wait.js';

/** A change of slot whose verdict is still to come. Plain data: it survives a reload as JSON. */
export interface Pending {
  /** Of the device before it restarts. */
  readonly bootId: string;
  /** The slot that is to run then. */
  readonly slot: number;
  /** Of the frontend that is to run, where known. */
  readonly sha256: string | null;
  readonly version: string | null;
  /** Seconds from the restart until it must be confirmed; `null` when it need not be followed so far. */
  readonly within: number | null;
}

/** Where a change is that the device has accepted. */
export type FollowState =
  | { readonly phase: 'restarting' }
  /** The device runs the new frontend on trial; it goes back by itself when `secondsLeft` is over. */
  | { readonly phase: 'confirming'; readonly secondsLeft: number };

/** What runs when an update is over. */
export type Outcome =
  | {
      readonly result: 'updated';
      readonly slot: number;
      readonly version: string | null;
      /** Nobody confirmed it, and it stays since there is nothing to go back to. */
      readonly kept?: true;
    }
  /** Another frontend than the one that was sent runs: the device went back, or was given another. */
  | {
      readonly result: 'went_back';
      readonly slot: number;
      readonly version: string | null;
      readonly last: LastChange | null;
    }
  /** Neither slot can be served. */
  | { readonly result: 'recovery' };

export interface FollowOptions {
  /** Called with every change of state. */
  readonly onState?: (state: FollowState) => void;
  /** Called with what the device answers to each look, and with `null` where it does not. */
  readonly onLook?: (status: Status | null) => void;
  /** Aborting ends the following; the device goes on by itself. */
  readonly signal?: AbortSignal;
  /**
   * Loads the new frontend when the device runs it, so that it can confirm itself; again where the
   * device restarts once more before that. In a browser the
   * Update page does this in a hidden frame: if the new frontend is broken, the old page lives on
   * to say so. What it throws does not matter: what the device says does.
   */
  readonly open?: () => void | Promise<void>;
  /** Milliseconds between two looks at the device; default 300. */
  readonly everyMs?: number;
  /**
   * Milliseconds that a device may be silent, or not restart. Default 60 000; silent as long as it
   * waits to be confirmed, and these besides: it may be the page that lost its network.
   */
  readonly restartLimitMs?: number;
  /** Milliseconds after which a device in recovery is believed; default 5000. */
  readonly recoveryLimitMs?: number;
}

/** Quick enough for a moving bar, slow enough for a chip that writes flash at the same time. */
export const EVERY_MS = 300;
/** A chip restarts in seconds, but a phone may need a minute to find its Wi-Fi again. */
const RESTART_LIMIT_MS = 60_000;
/** Two looks are only farther apart than this where the page rested: a look gives up after 4 s. */
const SLEPT_MS = 10_000;
/** A device decides at its start; this leaves time for one that starts once more. */
const RECOVERY_LIMIT_MS = 5000;

/**
 * Goes on with an update that an earlier page began: waits for the restart and for the verdict.
 * Throws `Unreachable` where the device is lost, and the signal's reason where it was aborted.
 */
export async function resume(
  device: DeviceReader,
  pending: Pending,
  options: FollowOptions = {},
): Promise<Outcome> {
  const { signal, everyMs = EVERY_MS } = options;
  const { restartLimitMs = RESTART_LIMIT_MS, onLook } = options;
  const silentLimit = options.restartLimitMs ?? RESTART_LIMIT_MS + 1000 * (pending.within ?? 0);
  const recoveryLimit = options.recoveryLimitMs ?? RECOVERY_LIMIT_MS;
  let told = '';
  const tell = (state: FollowState) => {
    const text = JSON.stringify(state);
    if (text !== told) options.onState?.(state);
    told = text;
  };
  tell({ phase: 'restarting' });

  /** The boot in which the new frontend was opened: a restart may come before it has loaded. */
  let opened: string | undefined;
  /** When the device was last seen getting on, and since when it is in recovery. */
  let seen = Date.now();
  let before = seen;
  let recovery = 0;
  for (;;) {
    const status = await look(device, signal);
    onLook?.(status);
    const now = Date.now();
    // A phone that wakes up must find its network first; what it slept through is no silence.
    if (now - before > SLEPT_MS + everyMs) seen = now;
    before = now;
    const boot = status?.device.boot_id;
    if (status && boot !== pending.bootId) {
      seen = now;
      if (status.state !== 'recovery') {
        recovery = 0;
        const outcome = verdict(status, pending);
        if (outcome) return outcome;
        tell({ phase: 'confirming', secondsLeft: status.trial?.seconds_left ?? 0 });
        if (opened !== boot && status.trial?.confirm === 'client') {
          opened = boot;
          void Promise.resolve()
            .then(options.open)
            .catch(() => undefined);
        }
      } else if (now - (recovery ||= now) >= recoveryLimit) return { result: 'recovery' };
    } else if (now - seen >= (status ? restartLimitMs : silentLimit)) {
      throw new Unreachable(status ? 'not_restarted' : 'not_back');
    }
    await sleep(everyMs, signal);
  }
}

/** The status, or `null` when there is no answer. */
export async function look(device: DeviceReader, signal?: AbortSignal): Promise<Status | null> {
  try {
    return await device.status(signal ? { signal } : {});
  } catch {
    signal?.throwIfAborted();
    return null;
  }
}

/** What a device says that has restarted; `null` while that is not decided. */
function verdict(status: Status, pending: Pending): Outcome | null {
  const { active: slot, last } = status;
  const { version = null, sha256 = null } = status.slots[slot] ?? {};
  if (slot !== pending.slot || (pending.sha256 && sha256 !== pending.sha256)) {
    return { result: 'went_back', slot, version, last };
  }
  // One that was never confirmed waits for its page also when it was gone back to.
  if (status.trial && (pending.within !== null || status.trial.confirm === 'client')) return null;
  const outcome = { result: 'updated', slot, version } as const;
  return last?.outcome === 'kept' ? { ...outcome, kept: true } : outcome;
}
