// Gives the browser a file to keep.
import type { Status } from './status.js';

/** The browser reads it some time after it was told to. */
const KEEP_MS = 60_000;

export function save(file: Blob, name: string): void {
  const link = document.createElement('a');
  link.download = name;
  link.href = URL.createObjectURL(file);
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), KEEP_MS);
}

/** What a backup of the frontend that runs is called: whose it is, and which. */
export function backupName({ device, slots, active }: Status): string {
  const { version, build } = slots[active] ?? {};
  const name = `${device.name}-${version ?? build ?? 'www'}`;
  return `${name.replace(/[^\p{L}\p{N}.+_]+/gu, '-')}.bin`;
}
