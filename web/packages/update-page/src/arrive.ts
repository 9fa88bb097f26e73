// What a frontend does about updates when its page loads and while it is open.
import { Device, Problem } from './device.js';
import { look } from './follow.js';
import { recall, reloadOnce, remember } from './session.js';
import type { Status } from './status.js';
import { sleep } from './wait.js';

/** How often a device is asked that does not answer; with its own timeout that is up to 20 s. */
const TRIES = 5;
const PAUSE_MS = 500;
/** Two losses of hashed files closer to each other than this are one that a reload does not mend. */
const RELOAD_PAUSE_MS = 10_000;

/** What went wrong in this page since this module was loaded. */
let failure: string | null = null;

function onFailure(event: Event): void {
  const { target } = event;
  if (target instanceof Element) {
    // Images may be missing; code and styles may not.
    if (target.matches('script, link[rel=stylesheet]')) {
      failure ??= `${target.getAttribute('src') ?? target.getAttribute('href')} did not load`;
    }
  } else {
    const { reason, message } = event as PromiseRejectionEvent & ErrorEvent;
    const text = message ?? String(reason);
    // Browsers report a layout that takes one more frame as an error.
    if (!text.startsWith('ResizeObserver loop')) failure ??= text;
  }
}

if (typeof document !== 'undefined') {
  // Errors of elements don't bubble, so this captures them.
  addEventListener('error', onFailure, true);
  addEventListener('unhandledrejection', onFailure);
}

/**
 * To be called once when a frontend's page has loaded: if the device waits for the frontend that
 * this page belongs to, confirms it. Never confirms for a page that was loaded before the device
 * last started (a tab from the old frontend) or that one went back to in the browser (the old
 * frontend from its cache), nor for one in which a script threw on the way, nor for one that a
 * development server made: it says nothing about what is on the device.
 * Returns the status after it, or null if no device answers.
 */
export async function confirmOnLoad(device: Device = new Device()): Promise<Status | null> {
  await loaded();
  let status: Status | null = null;
  for (let tries = 0; tries < TRIES; tries++) {
    if (tries) await sleep(PAUSE_MS);
    const asked = performance.now();
    const answer = await look(device);
    if (!answer) continue;
    status = answer;
    const { uptime_ms: uptime, boot_id: bootId } = status.device;
    if (status.trial?.confirm !== 'client' || developing()) return status;
    // Pages that one goes back to come from the browser's cache, whatever the device serves now.
    const [visit] = performance.getEntriesByType('navigation') as PerformanceNavigationTiming[];
    if (asked > uptime || visit?.type === 'back_forward') {
      // The page is older than the boot, or may be: it belongs to the frontend before.
      reloadOnce('stale', bootId);
      return status;
    }
    // The answer took so long that one cannot tell.
    if (performance.now() > uptime) continue;
    if (failure !== null) {
      warn(failure);
      return status;
    }
    try {
      return await device.confirm();
    } catch (error) {
      // Somebody else did, or the answer got lost: the next status tells.
      if (error instanceof Problem && error.kind !== 'not-on-trial') {
        warn(error.message);
      }
    }
  }
  return status;
}

const warn = (why: string) =>
  console.warn(`Faceplate: this frontend is not confirmed, since ${why}`);

/** Whether the page comes from `vite dev`. */
const developing = () => document.querySelector('script[src*="/@vite/client"]');

/** Whether a style sheet of this device did not load. A page may not look into those of others. */
function isGone({ href, sheet, disabled }: HTMLLinkElement): boolean {
  if (disabled || !href.startsWith(location.origin)) return false;
  try {
    return !sheet?.cssRules;
  } catch {
    // Chromium makes an empty one that nobody may look into.
    return true;
  }
}

/** The page has loaded, and what its scripts set off then has run. */
async function loaded(): Promise<void> {
  if (document.readyState !== 'complete') {
    await new Promise((resolve) => addEventListener('load', resolve, { once: true }));
  }
  // Styles in the page's head come before this module: nobody listened when they failed.
  for (const link of document.querySelectorAll<HTMLLinkElement>('link[rel=stylesheet]')) {
    if (isGone(link)) failure ??= `${link.href} did not load`;
  }
  await sleep(0);
}

/**
 * Keeps an open tab right after an update: reloads once when a hashed file of the old frontend is
 * gone (Vite's `vite:preloadError`). A file is missing as well while the device is away: then the
 * tab stays as it is until the device answers. Returns a function that stops it.
 */
export function reloadWhenStale(device: Device = new Device()): () => void {
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
