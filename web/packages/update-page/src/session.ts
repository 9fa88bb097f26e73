// The memory of one tab, where the browser grants it.

const PREFIX = 'faceplate-';

/** Whether it was stored. */
export function remember(key: string, value: string): boolean {
  try {
    sessionStorage.setItem(PREFIX + key, value);
    return true;
  } catch {
    return false;
  }
}

export function recall(key: string): string | null {
  try {
    return sessionStorage.getItem(PREFIX + key);
  } catch {
    return null;
  }
}

export function forget(key: string): void {
  try {
    sessionStorage.removeItem(PREFIX + key);
  } catch {
    // Then nothing was stored either.
  }
}

/** Reloads the page, unless this tab did so for the same reason before: no reload may lead to the next. */
export function reloadOnce(key: string, reason: string): boolean {
  if (recall(key) === reason || !remember(key, reason)) return false;
  location.reload();
  return true;
}
