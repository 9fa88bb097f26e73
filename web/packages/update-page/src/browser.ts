// What the updater needs of a browser, in one place; tests and Node have their own.
import { stamped } from './stamped.js';
import { isUnseen } from './unseen.js';

/** The part that is loaded when somebody updates: all of it, at once. */
export type More = typeof import('./more.js');

export interface Browser {
  /** Loads that part; what fails may be tried again. */
  load(): Promise<More>;
  /** Loads what the device runs: this page again, or `home`. */
  leave(home: string | undefined): void;
  /** Keeps the tab from being moved to another build by the page's own script. */
  stay(): () => void;
  /** Calls back when the page is seen again, until the returned function is called. */
  onSeen(seen: () => void): () => void;
  /** This very page failed while its frontend was on trial. */
  failed(): boolean;
  /** It is itself in the hidden frame, where the page around it does the work. */
  unseen(): boolean;
}

export const browser: Browser = {
  load: () => import('./more.js'),
  leave(home) {
    // Going to an address that differs in its hash alone would load nothing.
    if (home !== undefined) history.replaceState(null, '', home);
    location.reload();
  },
  stay: () => stamped()?.hold() ?? (() => undefined),
  onSeen(seen) {
    if (typeof document === 'undefined') return () => undefined;
    const see = () => {
      if (!document.hidden) seen();
    };
    document.addEventListener('visibilitychange', see);
    return () => document.removeEventListener('visibilitychange', see);
  },
  failed: () => stamped()?.outcome === 'failed',
  unseen: isUnseen,
};
