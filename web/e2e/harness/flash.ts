// The flash file of a simulated device, looked at and damaged while the device is off.
import { createHash } from 'node:crypto';
import { open, readFile } from 'node:fs/promises';
import { REPOSITORY } from './command.js';

/** Where a slot begins, from a partition table of the repository. */
export async function slotOffset(slot: 0 | 1, table = 'partitions.csv'): Promise<number> {
  const csv = await readFile(REPOSITORY + table, 'utf8');
  const row = csv.split('\n').find((line) => line.startsWith(`www_${slot},`));
  const offset = Number(row?.split(',')[3]);
  if (!offset) throw new Error(`${table} has no www_${slot}`);
  return offset;
}

/** Puts bytes into a slot, as serial flashing would. */
export async function writeSlot(flash: string, slot: 0 | 1, bytes: Uint8Array): Promise<void> {
  const file = await open(flash, 'r+');
  try {
    await file.write(bytes, 0, bytes.length, await slotOffset(slot));
  } finally {
    await file.close();
  }
}

/** Damages both copies of a slot's superblock, so that it does not mount. */
export async function damageSlot(flash: string, slot: 0 | 1): Promise<void> {
  await writeSlot(flash, slot, new Uint8Array(2 * 4096).fill(0x5a));
}

/** A hash over every byte of the flash. */
export async function hashFlash(flash: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(flash))
    .digest('hex');
}
