// Looks at a device again and again, as politely as a page can.
import type { Device } from './device.js';
import type { Status } from './status.js';

/** A device that does not answer is asked this much less often. */
const FAILING_FACTOR = 3;

/**
 * Calls back with each status, and with `null` and the error when there is none. Rests while the page
 * is hidden and goes on at once when it is seen again. Returns a function that ends it.
 */
export function watch(
  device: Device,
  callback: (status: Status | null, error?: unknown) => void,
  options: { everyMs?: number } = {},
): () => void {
  const { everyMs = 2000 } = options;
  const stop = new AbortController();
  const page = typeof document === 'undefined' ? null : document;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let asking = false;

  const look = async () => {
    clearTimeout(timer);
    if (asking || stop.signal.aborted || page?.hidden) return;
    asking = true;
    let pause = everyMs;
    try {
      const status = await device.status({ signal: stop.signal });
      asking = false;
      if (!stop.signal.aborted) callback(status);
    } catch (error) {
      asking = false;
      pause *= FAILING_FACTOR;
      if (!stop.signal.aborted) callback(null, error);
    }
    if (!stop.signal.aborted) timer = setTimeout(look, pause);
  };
  page?.addEventListener('visibilitychange', look);
  void look();

  return () => {
    stop.abort();
    clearTimeout(timer);
    page?.removeEventListener('visibilitychange', look);
  };
}
