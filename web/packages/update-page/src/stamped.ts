import type { FaceplatePage } from './global.js';

/** What the script of a stamped page left there. */
export const stamped = (): FaceplatePage | undefined => globalThis.window?.faceplate;
