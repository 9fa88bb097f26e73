// What a frontend does about updates when its page loads and while it is open.
import type { Device } from './device.js';
import type { Status } from './status.js';

/**
 * To be called once when a frontend's page has loaded: if the device waits for the frontend that
 * this page belongs to, confirms it. Never confirms for a page that was loaded before the device
 * last started (a tab from the old frontend). Returns the status after it, or null if no device answers.
 */
export declare function confirmOnLoad(device?: Device): Promise<Status | null>;

/**
 * Keeps an open tab right after an update: reloads once when a hashed file of the old frontend is
 * gone (Vite's `vite:preloadError`). Returns a function that stops it.
 */
export declare function reloadWhenStale(): () => void;
