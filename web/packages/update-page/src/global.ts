// What `confirm.js` leaves in a page: how far that page is with proving itself.
import type { Status } from './status.js';

/** The first thing that went wrong in a page. */
export interface PageFailure {
  readonly text: string;
  /** Such as `assets/index-1a2b.js:1:15`; empty where it is not known. */
  readonly place: string;
}

/**
 * What became of a page that was to confirm its frontend; `null` while that is open.
 * - `confirmed`: the device took its word
 * - `failed`: something went wrong in it, so it says nothing
 * - `other-build`: the device runs another build than the page is of, or a service worker made the page, which
 *   may have put it together from several builds
 * - `not-asked`: nobody waits for its word
 * - `no-answer`: the device did not answer yet
 */
export type PageOutcome = 'confirmed' | 'failed' | 'other-build' | 'not-asked' | 'no-answer';

/** `window.faceplate` of every page that is stamped or imports this package. */
export interface FaceplatePage {
  /** Id of the build that the page is of. */
  readonly build: string | null;
  /** Where the device is, for `Device`: where the page was stamped, the folder of the script, such as `/kitchen`. */
  readonly base: string;
  readonly failure: PageFailure | null;
  readonly outcome: PageOutcome | null;
  /** Confirms when the page has proved itself; whoever calls, it is done once. `base`: see `Device`. */
  confirm(base?: string): Promise<Status | null>;
  /** Says that something went wrong which the app has caught: no such page confirms. `reportFailure` calls it. */
  failed(error: unknown): void;
  /** Keeps an open tab from going to another build by itself, until the returned function is called. */
  hold(): () => void;
}

declare global {
  interface Window {
    faceplate?: FaceplatePage;
  }
}
