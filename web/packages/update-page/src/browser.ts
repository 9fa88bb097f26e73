// What the updater needs of a browser, in one place; tests and Node have their own.
import { type Frame, hiddenFrame, isUnseen } from './frame.js';

export interface Browser {
  /** Where the new frontend is loaded unseen; `home` is its address. */
  readonly frame: Frame & { home: string };
  /** Loads what the device runs: this page again, or `home`. */
  leave(home: string | undefined): void;
  /** Keeps screen and page until the returned function is called: leaving asks first. */
  hold(): () => void;
  /** Keeps the tab from being moved to another build by the page's own script. */
  stay(): () => void;
  /** Calls back when the page is seen again, until the returned function is called. */
  onSeen(seen: () => void): () => void;
  /** It is itself in the hidden frame, where the page around it does the work. */
  unseen(): boolean;
}

export const browser: Browser = {
  frame: hiddenFrame(),
  leave(home) {
    // Going to an address that differs in its hash alone would load nothing.
    if (home !== undefined) history.replaceState(null, '', home);
    location.reload();
  },
  hold() {
    if (typeof document === 'undefined') return () => undefined;
    let lock: Promise<WakeLockSentinel | null> | undefined;
    // Browsers let go of the screen when the page is hidden.
    const wake = () => {
      if (!document.hidden) lock = navigator.wakeLock?.request('screen').catch(() => null);
    };
    const ask = (event: Event) => event.preventDefault();
    wake();
    document.addEventListener('visibilitychange', wake);
    addEventListener('beforeunload', ask);
    return () => {
      document.removeEventListener('visibilitychange', wake);
      removeEventListener('beforeunload', ask);
      void lock?.then((held) => held?.release());
    };
  },
  stay: () => globalThis.window?.faceplate?.hold() ?? (() => undefined),
  onSeen(seen) {
    if (typeof document === 'undefined') return () => undefined;
    const see = () => {
      if (!document.hidden) seen();
    };
    document.addEventListener('visibilitychange', see);
    return () => document.removeEventListener('visibilitychange', see);
  },
  unseen: isUnseen,
};
