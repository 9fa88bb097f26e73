// Whether JSON from outside has the shape that the types promise.
import type { Uploaded } from './device.js';
import type { Status } from './status.js';

type Kind = 'string' | 'number' | 'boolean' | 'string?' | 'number?';

/** The fields of anything that may be an object; none of anything else. */
export function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value ? (value as Record<string, unknown>) : {};
}

function has(value: unknown, fields: Record<string, Kind>): boolean {
  const object = record(value);
  return Object.entries(fields).every(([name, kind]) => {
    const field = object[name];
    return kind.endsWith('?') && field === null ? true : typeof field === kind.replace('?', '');
  });
}

const nullOr = (value: unknown, fields: Record<string, Kind>) =>
  value === null || has(value, fields);

const SLOT: Record<string, Kind> = {
  label: 'string',
  size: 'number',
  used: 'number',
  valid: 'boolean',
  version: 'string?',
  sha256: 'string?',
  problem: 'string?',
};

export function isStatus(value: unknown): value is Status {
  const { device, active, state, trial, last, slots, upload, fault } = record(value);
  return (
    has(device, { name: 'string', firmware: 'string', api: 'number', chip: 'string' }) &&
    has(device, { boot_id: 'string', uptime_ms: 'number' }) &&
    ['settled', 'trial', 'recovery'].includes(state as string) &&
    nullOr(trial, { confirm: 'string', seconds_left: 'number', boots_left: 'number' }) &&
    nullOr(last, { outcome: 'string', reason: 'string?', from: 'number', to: 'number' }) &&
    Array.isArray(slots) &&
    slots.length === 2 &&
    slots.every((slot) => has(slot, SLOT)) &&
    (active === 0 || active === 1) &&
    nullOr(upload, { phase: 'string', received: 'number', written: 'number', total: 'number' }) &&
    (fault === null || typeof fault === 'string')
  );
}

export function isUploaded(value: unknown): value is Uploaded {
  return (
    has(value, { slot: 'number', bytes: 'number', version: 'string?', sha256: 'string' }) &&
    has(value, { confirm: 'string', reboot_ms: 'number' })
  );
}

export function isRestart(value: unknown): value is { slot: number; reboot_ms: number } {
  return has(value, { slot: 'number', reboot_ms: 'number' });
}
