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
  /** What has been loaded by `login`, by the base of the device. */
  readonly logins: Readonly<Record<string, Login>>;
  /** The script of a device with a password; fails where it has none. `base`: see `Device`. */
  login(base?: string): Promise<Login>;
  /** `fetch` for a device, also one with a password, whose script it then loads. */
  fetch(url: string | URL, init?: LoginInit, base?: string): Promise<Response>;
  /** Keeps an open tab from going to another build by itself, until the returned function is called. */
  hold(): () => void;
}

/** How to log in to a device with a password: what its own `/api/ota/login.js` exports. */
export interface Login {
  /** `fetch` that is signed, and asks the person for the password where the device wants it. */
  fetch(url: string | URL, init?: LoginInit): Promise<Response>;
  /** The address for an `EventSource` or `WebSocket`; good once. */
  sign(url: string | URL): Promise<string>;
  /**
   * Whether somebody is logged in; asks if need be. `once`: not a person who has closed the question
   * before.
   */
  ready(options?: { once?: boolean }): Promise<boolean>;
  /** Asks for a new password; whether it was set. */
  change(): Promise<boolean>;
  /** Logs out. */
  forget(): void;
}

export interface LoginInit extends RequestInit {
  /** Never asks the person: then the refusal is what there is. */
  readonly quiet?: boolean;
}

declare global {
  interface Window {
    faceplate?: FaceplatePage;
  }
}
