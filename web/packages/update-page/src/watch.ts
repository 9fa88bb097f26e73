// Looks at a device again and again, as politely as a page can.
import type { DeviceReader } from './reader.js';
import type { Status } from './status.js';

/** While a device is silent, or changes: a restart takes seconds. */
const SOON_MS = 1000;

/**
 * Calls back with each status, and with `null` and the error when there is none. Looks sooner than every
 * `everyMs` (2000 without it) while an update is on its way, on trial, or nothing answers. Rests while the
 * page is hidden and goes on at once when it is seen again. Returns a function that ends it.
 */
export function watch(
  device: DeviceReader,
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
    const answer = await device.status({ signal: stop.signal }).then(
      (status) => [status] as const,
      (error: unknown) => [null, error] as const,
    );
    asking = false;
    if (stop.signal.aborted) return;
    const [status, error] = answer;
    const calm = status?.state === 'settled' && !status.upload;
    timer = setTimeout(look, calm ? everyMs : Math.min(everyMs, SOON_MS));
    try {
      callback(status, error);
    } catch (error) {
      // A bug of the page must not end the watching; the next status may mend it.
      console.error(error);
    }
  };
  page?.addEventListener('visibilitychange', look);
  void look();

  return () => {
    stop.abort();
    clearTimeout(timer);
    page?.removeEventListener('visibilitychange', look);
  };
}
