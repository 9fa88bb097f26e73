// Keeps a page and its screen while it does what must not be broken off.

/** Keeps both until the returned function is called: leaving asks first. */
export function hold(): () => void {
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
}
