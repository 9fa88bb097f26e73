// One update from the first byte to the verdict, as a sequence of states.
import type { Device } from './device.js';
import type { LastChange } from './status.js';

/** Where an update is. Bytes are those of the image. */
export type UpdateState =
  /** Nothing of it has reached the flash yet. */
  | { readonly phase: 'sending'; readonly received: number; readonly total: number }
  | { readonly phase: 'writing'; readonly written: number; readonly total: number }
  | { readonly phase: 'checking' | 'switching'; readonly total: number }
  | { readonly phase: 'restarting' }
  /** The device runs the new frontend on trial; it goes back by itself when `secondsLeft` is over. */
  | { readonly phase: 'confirming'; readonly secondsLeft: number };

/** What runs when an update is over. */
export type Outcome =
  | { readonly result: 'updated'; readonly slot: number; readonly version: string | null }
  /** Another frontend than the one that was sent runs: the device went back, or was given another. */
  | {
      readonly result: 'went_back';
      readonly slot: number;
      readonly version: string | null;
      readonly last: LastChange | null;
    }
  /** Neither slot can be served. */
  | { readonly result: 'recovery' };

export interface UpdateOptions {
  /** Seconds from the restart until the new frontend must be confirmed; 10 to 3600. Default 60. */
  readonly within?: number;
  /** Called with every change of state. */
  readonly onState?: (state: UpdateState) => void;
  /** Aborting breaks the upload off; after the device has answered it has no effect on the device. */
  readonly signal?: AbortSignal;
  /**
   * Loads the new frontend once the device runs it, so that it can confirm itself. In a browser the
   * Update page does this in a hidden frame: if the new frontend is broken, the old page lives on
   * to say so.
   */
  readonly open?: () => void | Promise<void>;
}

/**
 * Uploads an image and follows it until the device has settled.
 *
 * Throws a `Problem` where the device refuses, `Unreachable` where it is lost, and the signal's
 * reason where it was aborted. A fallback is no error: it is an outcome.
 */
export declare function update(
  device: Device,
  image: Blob,
  options?: UpdateOptions,
): Promise<Outcome>;
