// What the device is and runs, in words.
import type { Status } from 'faceplate-update-page/ota';

const STATES = { settled: '', trial: ' (on trial)', recovery: ' (cannot be served)' };

/** Such as `1.2.0 (on trial)`. */
export const frontend = ({ slots, active, state }: Status): string =>
  `${slots[active]?.version ?? 'no version'}${STATES[state]}`;

/** Such as `3 d 04:05:06`. */
export function uptime(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const time = new Date(seconds * 1000).toISOString().slice(11, 19);
  return `${Math.floor(seconds / 86_400)} d ${time}`;
}
