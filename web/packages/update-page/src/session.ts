// The memory of one tab, where the browser grants it.

import { pageBase } from './reader.js';

/** Behind a proxy several devices may share a host, and with it this memory. */
const prefix = () => `faceplate-${pageBase()}`;

/** Whether it was stored. */
export function remember(key: string, value: string): boolean {
  try {
    sessionStorage.setItem(prefix() + key, value);
    return true;
  } catch {
    return false;
  }
}

export function recall(key: string): string | null {
  try {
    return sessionStorage.getItem(prefix() + key);
  } catch {
    return null;
  }
}

export function forget(key: string): void {
  try {
    sessionStorage.removeItem(prefix() + key);
  } catch {
    // Then nothing was stored either.
  }
}
