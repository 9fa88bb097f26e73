// Whether JSON from outside has the shape that the types promise.
import type { Status } from './status.js';

/** The fields of anything that may be an object; none of anything else. */
export function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value ? (value as Record<string, unknown>) : {};
}

/** Whether all fields have their type: names apart by spaces, `?` where one may be null. */
export function has(value: unknown, strings: string, numbers = ''): boolean {
  const object = record(value);
  const are = (names: string, type: string) =>
    names.split(' ').every((name) => {
      const field = object[name.replace('?', '')];
      return !name || typeof field === type || (field === null && name.endsWith('?'));
    });
  return are(strings, 'string') && are(numbers, 'number');
}

export function isStatus(value: unknown): value is Status {
  const { device, active, state, trial, last, slots, upload, signed_by } = record(value);
  return (
    has(value, 'fault?') &&
    has(device, 'name firmware chip boot_id', 'api uptime_ms') &&
    ['settled', 'trial', 'recovery'].includes(state as string) &&
    (trial === null || has(trial, 'confirm', 'seconds_left boots_left')) &&
    (last === null || has(last, 'outcome reason?', 'from to')) &&
    (upload === null || has(upload, 'phase', 'received written total')) &&
    // Firmware from before images were signed does not tell it.
    Array.isArray(signed_by ?? []) &&
    Array.isArray(slots) &&
    slots.length === 2 &&
    slots.every(
      (slot) =>
        has(slot, 'label version? sha256? problem?', 'size used') &&
        // Firmware from before builds had an id does not tell it.
        typeof (record(slot).build ?? '') === 'string' &&
        typeof record(slot).valid === 'boolean',
    ) &&
    (active === 0 || active === 1)
  );
}
