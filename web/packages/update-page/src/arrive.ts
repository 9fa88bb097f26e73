// What a frontend does about updates when its page loads and while it is open.
import './confirm.js';
import { DeviceReader } from './reader.js';
import { look } from './follow.js';
import { recall, remember } from './session.js';
import { stamped } from './stamped.js';
import type { Status } from './status.js';
import { sleep } from './wait.js';

const PAUSE_MS = 500;
/** Two losses of hashed files closer to each other than this are one that a reload does not mend. */
const RELOAD_PAUSE_MS = 10_000;

/**
 * Confirms the frontend that this page belongs to, when the page has proved itself: it has loaded, shows
 * something, and nothing failed in it. Confirms nothing where the device runs another build: a page from a
 * service worker, a preview server, the history or an old tab loads the right one, once.
 *
 * A page that `vite-plugin-faceplate` or `faceplate pack --stamp` stamped does this by itself; calling it there
 * does no harm. Returns the status after it, or null if no device answers.
 */
export async function confirmOnLoad(
  device: DeviceReader = new DeviceReader(),
): Promise<Status | null> {
  return (await stamped()?.confirm(device.base)) ?? null;
}

/**
 * Tells of an error that the app, or its framework, catches: a page in which one happened confirms nothing, and the
 * Update page says which. Of no effect once the page has confirmed, and on a server.
 */
export function reportFailure(error: unknown): void {
  stamped()?.failed(error);
}

/**
 * Keeps an open tab right after an update: reloads once when a hashed file of the old frontend is
 * gone (Vite's `vite:preloadError`). A file is missing as well while the device is away: then the
 * tab stays as it is until the device answers. Returns a function that stops it.
 */
export function reloadWhenStale(device: DeviceReader = new DeviceReader()): () => void {
  const stop = new AbortController();
  let waiting = false;
  const reload = async (event: Event) => {
    if (waiting) return event.preventDefault();
    if (Date.now() - Number(recall('reloaded')) < RELOAD_PAUSE_MS) return;
    // Without a memory one could reload for ever.
    if (!remember('reloaded', String(Date.now()))) return;
    event.preventDefault();
    waiting = true;
    while (!(await look(device, stop.signal))) await sleep(PAUSE_MS, stop.signal);
    remember('reloaded', String(Date.now()));
    location.reload();
  };
  const onError = (event: Event) => void reload(event).catch(() => undefined);
  addEventListener('vite:preloadError', onError);
  return () => {
    stop.abort();
    removeEventListener('vite:preloadError', onError);
  };
}
